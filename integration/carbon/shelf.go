package carbon

import (
	"context"
	"database/sql"
	"encoding/xml"
	"fmt"
)

// keep writes a new app: its row among the apps, its text into the registry,
// its icon into the storage.
func (s *server) keep(ctx context.Context, a app) error {
	apps, registry, icons, root, err := s.shared()
	if err != nil {
		return err
	}
	text, err := xml.Marshal(a)
	if err != nil {
		return err
	}
	if _, err := apps.ExecContext(ctx, "INSERT INTO APM_APP (APP_PROVIDER, APP_NAME, APP_VERSION, CONTEXT, TRACKING_CODE, UUID, TENANT_ID) VALUES (?, ?, ?, ?, '', ?, ?)",
		a.Provider, a.Name, a.Version, a.Context, a.ID, tenant); err != nil {
		return err
	}
	if err := write(ctx, registry, root+a.path(), a, text); err != nil {
		return err
	}
	_, err = icons.ExecContext(ctx, "INSERT INTO resource (uuid, tenantId, fileName, contentLength, contentType, content) VALUES (?, ?, 'icon.svg', ?, 'image/svg+xml', ?)",
		a.ID, tenant, len(icon), icon)
	return err
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg"/>`

const mediaType = "application/vnd.wso2-webapp+xml"

// write makes a resource of the registry.
func write(ctx context.Context, registry *sql.DB, path string, a app, text []byte) error {
	tx, err := registry.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit there is nothing left of it
	node, err := insert(ctx, tx, "INSERT INTO REG_PATH (REG_PATH_VALUE, REG_TENANT_ID) VALUES (?, ?)", path, tenant)
	if err != nil {
		return err
	}
	content, err := insert(ctx, tx, "INSERT INTO REG_CONTENT (REG_CONTENT_DATA, REG_TENANT_ID) VALUES (?, ?)", text, tenant)
	if err != nil {
		return err
	}
	if _, err := insert(ctx, tx, "INSERT INTO REG_RESOURCE (REG_PATH_ID, REG_MEDIA_TYPE, REG_CREATED_TIME, REG_LAST_UPDATED_TIME, REG_CONTENT_ID, REG_TENANT_ID, REG_UUID) VALUES (?, ?, NOW(), NOW(), ?, ?, ?)",
		node, mediaType, content, tenant, a.ID); err != nil {
		return err
	}
	return tx.Commit()
}

const fromRegistry = "SELECT c.REG_CONTENT_ID, c.REG_CONTENT_DATA FROM REG_RESOURCE r JOIN REG_CONTENT c ON c.REG_CONTENT_ID = r.REG_CONTENT_ID AND c.REG_TENANT_ID = r.REG_TENANT_ID WHERE r.REG_TENANT_ID = ? AND r.REG_MEDIA_TYPE = ?"

// app finds one by its id.
func (s *server) app(ctx context.Context, id string) (app, error) {
	_, a, err := s.find(ctx, id)
	return a, err
}

func (s *server) find(ctx context.Context, id string) (content int64, a app, err error) {
	_, registry, _, _, err := s.shared()
	if err != nil {
		return 0, a, err
	}
	var text []byte
	if err := registry.QueryRowContext(ctx, fromRegistry+" AND r.REG_UUID = ?", tenant, mediaType, id).Scan(&content, &text); err != nil {
		return 0, a, fmt.Errorf("no app %q: %w", id, err)
	}
	return content, a, xml.Unmarshal(text, &a)
}

// setStatus moves an app on in its life.
func (s *server) setStatus(ctx context.Context, a app, status string) error {
	content, a, err := s.find(ctx, a.ID)
	if err != nil {
		return err
	}
	a.Status = status
	text, err := xml.Marshal(a)
	if err != nil {
		return err
	}
	_, registry, _, _, err := s.shared()
	if err != nil {
		return err
	}
	_, err = registry.ExecContext(ctx, "UPDATE REG_CONTENT SET REG_CONTENT_DATA = ? WHERE REG_CONTENT_ID = ? AND REG_TENANT_ID = ?", text, content, tenant)
	return err
}

// published are the apps that a Store shows: those whose row, text and icon it
// finds in the databases that it shares with the Publisher.
func (s *server) published(ctx context.Context) ([]app, error) {
	apps, registry, icons, _, err := s.shared()
	if err != nil {
		return nil, err
	}
	rows, err := registry.QueryContext(ctx, fromRegistry, tenant, mediaType)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []app
	for rows.Next() {
		var content int64
		var text []byte
		var a app
		if err := rows.Scan(&content, &text); err != nil {
			return nil, err
		}
		if err := xml.Unmarshal(text, &a); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close() // a pool is one connection here, and two may be the same database
	return visible(ctx, apps, icons, list)
}

func visible(ctx context.Context, apps, icons *sql.DB, list []app) ([]app, error) {
	var shown []app
	for _, a := range list {
		var rows, pictures int
		err := apps.QueryRowContext(ctx, "SELECT COUNT(*) FROM APM_APP WHERE UUID = ?", a.ID).Scan(&rows)
		if err == nil {
			err = icons.QueryRowContext(ctx, "SELECT COUNT(*) FROM resource WHERE uuid = ?", a.ID).Scan(&pictures)
		}
		if err != nil {
			return nil, err
		}
		if a.Status == "Published" && rows > 0 && pictures > 0 {
			shown = append(shown, a)
		}
	}
	return shown, nil
}
