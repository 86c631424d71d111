"""One Spark for a whole test suite. Reads a JSON object a line from stdin, answers each on stdout:

  {"module": "guide_job", "function": "run", "arguments": {..}}
  {"value": ..}  or  {"error": "AnalysisException: ..", "condition": "TABLE_OR_VIEW_NOT_FOUND"}

The function gets the session as its first argument; modules are looked for in the folders that the
command line names. spark_client.py is the other end. Ends at the end of stdin.
"""

import importlib
import json
import os
import sys

from spark_session import open_session


def answer(session, line):
    request = json.loads(line)
    try:
        function = getattr(importlib.import_module(request["module"]), request["function"])
        return {"value": function(session, **request["arguments"])}
    except Exception as error:  # the test on the other side decides what it means
        condition = getattr(error, "getCondition", lambda: None)()
        return {"error": f"{type(error).__name__}: {error}", "condition": condition}


def main():
    # Java and what it starts inherit descriptor 1: keep the answers' pipe to ourselves.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[1:1] = sys.argv[1:]
    session = open_session()
    print(json.dumps({"value": session.version}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(session, line)), file=answers, flush=True)
    session.stop()


if __name__ == "__main__":
    main()
