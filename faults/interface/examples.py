"""Puts values that exist into a served OpenAPI description, so that requests made from it get past "not found".

    examples.py URL TOKEN OUT        writes the description to OUT, and prints the division of the examples

Nothing else is changed: what an answer may be stays as the server says it.
"""

import json
import sys
import urllib.request


def main(url, token, out):
    def get(path):
        request = urllib.request.Request(url + path, headers={"Authorization": "Bearer " + token})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    events = get("/v1/events?after=2&limit=1000")["events"]
    opening = next(event for event in events if event.get("type") == "opening")
    document = get("/v1/documents/" + opening["document"])
    row = opening["ops"][0]["row"]
    values = {"id": document["id"], "row": row, "code": document["division"], "transition": "submit",
              "division": document["division"], "fiscal_year": document["fiscal_year"], "limit": 3,
              "ledger": "IND", "agency": document.get("agency")}
    description = get("/openapi.json")
    for path in description["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if values.get(parameter["name"]) is not None:
                    parameter["example"] = values[parameter["name"]]
    lines = [{key: line[key] for key in ("amount", "month", "dims", "fields") if line.get(key) is not None}
             for line in document["lines"][:2]]
    create = {"type": document["type"], "division": document["division"], "fiscal_year": document["fiscal_year"],
              "transition": "load", "lines": lines}
    if document.get("agency"):
        create["agency"] = document["agency"]
    draft = {key: value for key, value in create.items() if key != "transition"}
    act = {"document": document["id"], "transition": "submit"}
    bodies = {"/v1/documents": {"loaded": create, "draft": draft},
              "/v1/documents/{id}/actions/{transition}": {"bare": {}, "fields": {"fields": {"alerts_blocking": 0}}},
              "/v1/batches": {"each": {"commands": [{"key": "b-1", "create": create}, {"key": "b-2", "act": act}]},
                              "atomic": {"atomic": True, "commands": [{"key": "b-3", "create": draft}]}}}
    for path, examples in bodies.items():
        content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(description, file)
    print(document["division"])


if __name__ == "__main__":
    main(*sys.argv[1:])
