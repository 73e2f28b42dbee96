# Runs the cases that are named against a server, and prints what each came to, as JSON.
import asyncio
import json
import sys

from kosoku import FailureError, run_fuzzingclient


async def main(address, cases):
    try:
        # One after the other: several cases are about time.
        results = await run_fuzzingclient(address, cases, None, concurrency=1)
    except FailureError as failure:
        results = failure.results
    return [
        {
            "id": result.case_id,
            "behavior": result.behavior.value,
            "behavior_close": result.behavior_close.value,
            "result": f"{result.result} {result.result_close}",
        }
        for result in results
    ]


print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2:]))))
