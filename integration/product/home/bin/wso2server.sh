#!/bin/sh
# Starts and stops the lab's server, in the way of the product's script: what
# that one does to an operator, this one does too. In particular an exit code
# says nothing, stop does not wait, and the pid file outlives its process.
#
#   JAVA_HOME      must be set, for every command
#   CARBON_HOME    found from this script's place unless set
#   JVM_MEM_OPTS   memory of the server
#   JAVA_OPTS      more options

# The script may be a link.
PRG="$0"
while [ -h "$PRG" ]; do
  target=`readlink "$PRG"`
  case "$target" in
    /*) PRG="$target" ;;
    *) PRG=`dirname "$PRG"`/"$target" ;;
  esac
done
PRGDIR=`dirname "$PRG"`
[ -z "$CARBON_HOME" ] && CARBON_HOME=`cd "$PRGDIR/.." && pwd`

if [ -z "$JAVACMD" ]; then
  if [ -n "$JAVA_HOME" ]; then
    JAVACMD="$JAVA_HOME/bin/java"
  else
    JAVACMD=java
  fi
fi
if [ ! -x "$JAVACMD" ]; then
  echo "Error: JAVA_HOME is not defined correctly."
  echo " CARBON cannot execute $JAVACMD"
  exit 1
fi
if [ -z "$JAVA_HOME" ]; then
  echo "You must set the JAVA_HOME variable before running CARBON."
  exit 1
fi

PIDFILE="$CARBON_HOME/wso2carbon.pid"
if [ -e "$PIDFILE" ]; then
  PID=`cat "$PIDFILE"`
fi

# The last command wins; what is no command goes to the server, word by word.
CMD=
PORT=
args=
for c in $*
do
  if [ "$CMD" = "--debug" ] && [ -z "$PORT" ]; then
    PORT=$c
    continue
  fi
  case "$c" in
    --debug|-debug|debug) CMD="--debug" ;;
    --stop|-stop|stop) CMD="stop" ;;
    --start|-start|start) CMD="start" ;;
    --restart|-restart|restart) CMD="restart" ;;
    --version|-version|version) CMD="version" ;;
    --test|-test|test) CMD="test" ;;
    *) args="$args $c" ;;
  esac
done

case "$CMD" in
--debug)
  if [ -z "$PORT" ]; then
    echo " Please specify the debug port after the --debug option"
    exit 1
  fi
  CMD="RUN"
  JAVA_OPTS="$JAVA_OPTS -Xdebug -Xrunjdwp:transport=dt_socket,server=y,suspend=y,address=$PORT"
  echo "Please start the remote debugging client to continue..."
  ;;
start)
  if [ -e "$PIDFILE" ]; then
    if ps -p $PID > /dev/null; then
      echo "Process is already running"
      exit 0
    fi
  fi
  export CARBON_HOME
  nohup sh "$CARBON_HOME"/bin/wso2server.sh $args > /dev/null 2>&1 &
  exit 0
  ;;
stop)
  export CARBON_HOME
  kill -term `cat "$PIDFILE"`
  exit 0
  ;;
restart)
  export CARBON_HOME
  kill -term `cat "$PIDFILE"`
  process_status=0
  pid=`cat "$PIDFILE"`
  while [ "$process_status" -eq "0" ]
  do
    sleep 1
    ps -p$pid 2>&1 > /dev/null
    process_status=$?
  done
  nohup sh "$CARBON_HOME"/bin/wso2server.sh $args > /dev/null 2>&1 &
  exit 0
  ;;
version)
  cat "$CARBON_HOME"/bin/version.txt
  cat "$CARBON_HOME"/bin/wso2carbon-version.txt
  exit 0
  ;;
esac

# From here on it is the server itself, in the foreground.
jdk=`$JAVA_HOME/bin/java -version 2>&1 | grep "1.[7|8]"`
if [ "$jdk" = "" ]; then
  echo " Starting WSO2 Carbon (in unsupported JDK)"
  echo " [ERROR] CARBON is supported only on JDK 1.7 and 1.8"
fi

if [ -d "$CARBON_HOME/tmp" ]; then
  rm -rf "$CARBON_HOME"/tmp
fi

[ -z "$JVM_MEM_OPTS" ] && JVM_MEM_OPTS="-Xms256m -Xmx1024m"
cd "$CARBON_HOME"
echo "JAVA_HOME environment variable is set to $JAVA_HOME"
echo "CARBON_HOME environment variable is set to $CARBON_HOME"

# A server that was told on its console to restart ends with 121.
status=121
while [ "$status" = "121" ]
do
  $JAVACMD \
    $JVM_MEM_OPTS \
    $JAVA_OPTS \
    -Dcom.sun.management.jmxremote \
    -Djava.endorsed.dirs="$CARBON_HOME/lib/endorsed:$JAVA_HOME/jre/lib/endorsed" \
    -Djava.io.tmpdir="$CARBON_HOME/tmp" \
    -Dcarbon.registry.root=/ \
    -Djava.command="$JAVACMD" \
    -Dcarbon.home="$CARBON_HOME" \
    -Dwso2.server.standalone=true \
    -Dorg.wso2.ignoreHostnameVerification=true \
    -Dcarbon.config.dir.path="$CARBON_HOME/repository/conf" \
    -Dcarbon.classpath=/dev/null \
    -Dfile.encoding=UTF8 \
    org.wso2.carbon.bootstrap.Bootstrap $*
  status=$?
done
