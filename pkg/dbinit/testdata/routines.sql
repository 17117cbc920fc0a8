SET @old_checks = @@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS = 0;
/*!40101 SET NAMES utf8 */;
START TRANSACTION;
-- Refers to a table that comes later, which works only without the checks.
CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id)) ENGINE=InnoDB;
INSERT INTO child VALUES (1, 7);
CREATE TABLE parent (id INT PRIMARY KEY, n INT) ENGINE=InnoDB;
COMMIT;
DROP TABLE IF EXISTS old;
CREATE TABLE old (id INT);
CREATE TABLE brief (id INT);
DROP TABLE brief;
DELIMITER //
CREATE TRIGGER counts AFTER INSERT ON child FOR EACH ROW BEGIN
  -- one; two
  UPDATE parent SET n = n + 1 WHERE id = NEW.parent;
END//
/*!50003 CREATE PROCEDURE fill() BEGIN INSERT INTO parent VALUES (7, 0); INSERT INTO child VALUES (2, 7); END */ //
delimiter ;
CREATE OR REPLACE VIEW both_of_them AS SELECT c.id, p.n FROM child c JOIN parent p ON p.id = c.parent;
INSERT INTO parent VALUES (7, 0);
DELETE FROM child WHERE id = 1;
INSERT INTO child VALUES (3, 7);
ALTER TABLE old ADD name VARCHAR(10), DROP id;
SET FOREIGN_KEY_CHECKS = @old_checks;
