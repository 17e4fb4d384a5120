"""The codes of "can it ever fire?": what makes a monitor silent, or deaf, or too dear to run."""

from __future__ import annotations

from deployer.model.code import Code

REACH = (
    Code(
        "DAC021",
        "A query_string wildcard on a wildcard field",
        "A query_string asks a field of type wildcard for a term with `*` or `?` inside or in front.",
        "OpenSearch answers such a query wrongly: longer patterns match nothing, short ones too much. Only exact terms, phrases, prefixes and regular expressions are right.",
        "Use a `wildcard` query, or a condition with `like` or `matches`. Document-level monitors know query_string only: give them a keyword field.",
    ),
    Code(
        "DAC022",
        "Over-escaped wildcards",
        "A pattern escapes a character that needs no escape, or every one of its wildcards, or the backslashes of a path twice.",
        "On a field of type wildcard an escape of anything but `\\`, `*` and `?` makes the pattern match nothing; an escaped star looks for a star.",
        "Escape only `\\`, `*` and `?`, once. In `like` of a condition nothing is escaped: the tool does it.",
    ),
    Code(
        "DAC023",
        "A leading wildcard on a large keyword",
        "A pattern begins with `*`, `?` or `.*` on a keyword that may hold more than 1,024 characters, such as a command line or a path.",
        "The server looks at every different value of the field in every run: 65 to 1,154 ms on 300,000 documents where an exact value took 1 (measured).",
        "Begin with what is known, map the field as `wildcard`, or match its words (`matches`).",
    ),
    Code(
        "DAC024",
        "No time range",
        "The search of a monitor has no lower bound of `@timestamp` that every event must pass.",
        "It reads all data in every run, and alerts on the same old event for ever.",
        "Filter on `@timestamp` from `[[ look_back_from ]]` to `[[ look_back_to ]]`, as templates/monitors/base.json.j2 does.",
    ),
    Code(
        "DAC025",
        "A look-back that is too short",
        "The search looks back less far than the window, the longest time between two runs and the slowest source's ingest delay together.",
        "Events that arrive late, or just after a run, are seen by no run; so are those at the two ends of a window.",
        "Let the time range begin at `[[ look_back_from ]]`, which is the sum of the three, or lower the window or the source's `ingest_delay`.",
    ),
    Code(
        "DAC026",
        "An index pattern that matches nothing",
        "No index or data stream of the cluster has a name of the pattern; offline: no log source of the repository, and no place that the environment names, has it.",
        "A search over a pattern that matches nothing succeeds and finds nothing.",
        "Correct the pattern, or `sources.<name>.index` of the environment, or ship the log source's events.",
    ),
    Code(
        "DAC027",
        "A threshold that no bucket can reach",
        "The condition wants more than one bucket can hold: more values than a `terms` has buckets, different values of a field by which the buckets are cut, more events than a bucket of one event has, or events that lie further apart than a bucket of time is wide.",
        "The condition is never true, however much happens.",
        "Lower the threshold, raise the size, or cut the buckets by other fields.",
    ),
    Code(
        "DAC028",
        "A page of buckets smaller than the entities expected",
        "The composite aggregation's `size` is below the number of entities that are expected at once (`expected` in mappings/entities.yml or under `entities` of the environment; 500 where nothing is said), or, on a cluster, below what is found now.",
        "Alerts beyond the first page come without samples, and each page is another template to compile: the cluster runs out of compilations and the monitor falls silent.",
        "Write `[[ composite_size ]]` into the template, correct `expected`, or narrow what the monitor finds.",
    ),
    Code(
        "DAC029",
        "A search that matches nothing or everything",
        "With a tunable's value as it is (or by its condition alone) the search can match no event, or matches every event of its log sources.",
        "It would never alert, or on everybody.",
        "Change the value that the finding names; the finding shows what it is for.",
    ),
    Code(
        "DAC030",
        "A script or template that the server cannot run",
        "Painless or mustache does not compile, uses a parameter or an aggregation that nothing gives, or reads what a message cannot reach.",
        "OpenSearch stores such a monitor without a word, and each of its runs or messages fails.",
        "Mend the template at the place named. `deployer doctor` asks the cluster's own compilers, without writing.",
    ),
    Code(
        "DAC031",
        "An exception that swallows the positives",
        "With an exception of the environment, nothing is left of what the monitor looks for, or no positive of its samples.",
        "The detection is switched off without anybody having said so.",
        "Narrow the exception's condition. To switch a monitor off, say so under `monitors` (`enabled: false`), where everybody sees it.",
    ),
)
