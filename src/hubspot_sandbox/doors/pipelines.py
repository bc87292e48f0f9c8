"""Pipelines and stages.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/pipelines/guide
"""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import reads_definitions
from hubspot_sandbox.pipelines import Pipeline

_JSON: Final = "application/json"
_HTML_404: Final = "<html><head><title>Error 404 Not Found</title></head><body><h2>HTTP ERROR 404</h2></body></html>"


def _missing(call: Call) -> Answer:
    """404: HTML, or nothing at all for a client that wants JSON.

    Source: https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (measured live)
    """
    if call.accept.startswith(_JSON):
        return Answer(404)
    return Answer(404, _HTML_404, content_type="text/html;charset=iso-8859-1")


def _pipeline(call: Call) -> Pipeline | None:
    wanted = call.path["pipeline"]
    return next((line for line in call.portal.pipelines(call.object_type()) if line.id == wanted), None)


def list_pipelines(call: Call) -> Answer:
    """Every pipeline of a type with its stages; no paging."""
    return Answer(200, {"results": call.portal.pipelines(call.object_type())})


def read_pipeline(call: Call) -> Answer:
    """One pipeline with its stages."""
    found = _pipeline(call)
    return Answer(200, found) if found else _missing(call)


def list_stages(call: Call) -> Answer:
    """The stages of a pipeline."""
    found = _pipeline(call)
    return Answer(200, {"results": found.stages}) if found else _missing(call)


def read_stage(call: Call) -> Answer:
    """One stage of a pipeline."""
    found = _pipeline(call)
    stages = found.stages if found else ()
    stage = next((stage for stage in stages if stage.id == call.path["stage"]), None)
    return Answer(200, stage) if stage else _missing(call)


_ONE: Final = "/crm/pipelines/{type}/{pipeline}"
DOORS: Final = (
    Door("GET", "/crm/pipelines/{type}", list_pipelines, reads_definitions),
    Door("GET", _ONE, read_pipeline, reads_definitions),
    Door("GET", f"{_ONE}/stages", list_stages, reads_definitions),
    Door("GET", f"{_ONE}/stages/{{stage}}", read_stage, reads_definitions),
)
