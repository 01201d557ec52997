"""Runs the Task and Choice loop through moto's parser of state machines; prints the version and the transitions a second as JSON.

The function answers within this process: only moto's own work is measured. Exit code 3: there is no moto here.
"""

import json
import sys
import time

try:
    import boto3
    import moto
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils as calls
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends
except ImportError as missing:
    print(json.dumps({"missing": str(missing)}))
    sys.exit(3)

from io import BytesIO


class Function:
    """Stands where the client of Lambda would: adds one, as the loop's function does everywhere."""

    def invoke(self, **request):
        payload = json.loads(request["Payload"])
        return {"StatusCode": 200, "Payload": BytesIO(json.dumps({"n": payload["n"] + 1}).encode())}


calls.boto_client_for = lambda **_: Function()


@moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}})
def run(definition: str, rounds: int) -> None:
    client = boto3.client(
        "stepfunctions", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    backend = stepfunctions_parser_backends["123456789012"]["us-east-1"]
    measured = []
    for round in range(rounds):
        # moto copies its whole memory with each start, and can't once an execution in it has run: each round begins afresh.
        for known in backend.state_machines:
            known.executions.clear()
        machine = client.create_state_machine(
            name=f"loop-{round}", definition=definition, roleArn="arn:aws:iam::111111111111:role/loop"
        )
        before = time.perf_counter()
        started = client.start_execution(
            stateMachineArn=machine["stateMachineArn"], name=f"round-{round}", input=json.dumps({"n": 0})
        )
        execution = backend.describe_execution(started["executionArn"])
        while execution.status == "RUNNING":
            time.sleep(0.001)
        seconds = time.perf_counter() - before
        if execution.status != "SUCCEEDED":
            raise SystemExit(f"The loop ended {execution.status}: {execution.cause}")
        measured.append({"seconds": seconds, "output": execution.output})
    print(json.dumps({"version": moto.__version__, "rounds": measured}))


run(sys.argv[1], int(sys.argv[2]))
