"""Every code that a finding may have: what it means, why it matters, how to mend it (``deployer explain DAC012``).

A test checks that each code raised anywhere stands here, with all three texts, and that docs/findings.md is made from this.
"""

from __future__ import annotations

from deployer.model.code import Code
from deployer.model.codes_reach import REACH

_FILES = (
    Code(
        "DAC001",
        "A file cannot be read",
        "The file is missing, empty, too large, not UTF-8, outside of the repository, or not valid YAML (only plain YAML is taken: no tags, no merge keys).",
        "Nothing in such a file can be checked, so no deploy goes on without it.",
        "Go to the line and column named. The usual causes are a tab in the indentation, a line indented by the wrong number of blanks, a brace or a quote that is not closed, and a value with `: ` or `#` in it that has no quotes.",
    ),
    Code(
        "DAC002",
        "The same name twice",
        "A key stands twice in one mapping, or two files define the same analytic or log source.",
        "YAML keeps the last of two keys without a word, so what a reviewer read would not be what is deployed.",
        "Remove or rename one of the two; the finding names both places.",
    ),
    Code(
        "DAC003",
        "Not the form of such a file",
        "A key is unknown or missing, or a value has the wrong type or form.",
        "A misspelt key would be ignored, and its author would believe that it works.",
        "The finding gives the nearest known key, or the type and an example. `deployer schema analytic` prints the whole form; with the `yaml-language-server` line on top an editor completes it.",
    ),
    Code(
        "DAC004",
        "A name that nothing has",
        "Something refers to an analytic, log source, tunable, entity, named events, template, channel, monitor, pipeline or component that does not exist.",
        "What refers to nothing changes nothing: a tunable set under a misspelt name leaves the default in force.",
        "Write the name that the finding suggests, or add what is missing.",
    ),
    Code(
        "DAC005",
        "A value that does not suit",
        "A tunable's value, a condition, a schedule, a time or a day cannot be read, or lies outside of its bounds.",
        "The monitor would be refused by the server, or look for something else than its author meant.",
        "Write a value of the type that the finding names. Durations are a whole number and s, m, h or d, such as 30m.",
    ),
    Code(
        "DAC006",
        "Double braces in a value",
        "A value that goes into a query holds {{ or }}.",
        "The server reads the whole query as a mustache template when it runs: such a value is replaced, or empties the pattern and matches everything, or kills the monitor.",
        "Write the value without double braces; in a pattern, `*` or `...` can stand in their place.",
    ),
    Code(
        "DAC007",
        "A field that the mapping does not have",
        "A condition or a rendered query asks a field that no component template of the log source maps, or an entity has only such fields.",
        "OpenSearch accepts a query on an unknown field and finds nothing, for ever.",
        "Correct the name (the nearest is given), or add the field with its type to a component template below mappings/components.",
    ),
    Code(
        "DAC008",
        "An operator or query that does not fit the field's type",
        "An exact or wildcard comparison on an analysed text, words on a keyword, a number against a text, a time range on something that is no date, ...",
        "The server takes such a query and it matches nothing, or single words instead of the whole value.",
        "Use the operator that suits the type (the finding says which), or another field of the same value, such as a keyword beside a text.",
    ),
    Code(
        "DAC010",
        "Samples that cannot prove anything",
        "No analytic was found, an active analytic has no samples.yml, two cases overlap in time, or an expected alert names other entities than its monitor.",
        "A detection that was never seen to fire on an event may be dead.",
        "Add cases with raw events and their exact outcome, each on a day of its own, naming exactly the monitor's entities.",
    ),
    Code(
        "DAC011",
        "Written and never used",
        "No monitor of the analytic uses the tunable, the named events or the log source.",
        "Who turns a tunable that nothing uses believes to have changed something.",
        "Use it in a condition, window or threshold of a monitor, or remove it.",
    ),
    Code(
        "DAC012",
        "Not allowed in the `then` of a sequence",
        "The second condition of a sequence has a regular expression, or an operator other than equals, in, exists, matches and runs.",
        "The server decides the kind of an event a second time, in a script, which has only these.",
        "Write the pattern in words, or move the condition to `first` or to a monitor of its own.",
    ),
    Code(
        "DAC013",
        "A production environment that is not safe",
        "It does not verify the server's certificate, or sends credentials over plain http. `plan` and `deploy` refuse it with exit code 3.",
        "Who stands between could read the password or pass as the cluster.",
        "Use https, and name your own certificate authority under cluster.tls.ca.",
    ),
    Code(
        "DAC014",
        "A protected analytic that would be disabled",
        "An environment disables a monitor of an analytic with `protected: true`.",
        "Protected analytics are those that somebody has promised to run.",
        "Remove the line, or change `protected` in the analytic, where its owners review it.",
    ),
    Code(
        "DAC015",
        "A template that does not make a monitor",
        "A template under templates/ cannot be read or rendered, or what it makes has not the form that the server takes.",
        "The server would refuse the monitor in the middle of a deploy, or drop unknown keys without a word.",
        "Print what it makes with `deployer render --env local ID`, and mend the template or the value that the finding names.",
    ),
    Code(
        "DAC016",
        "An exception or exclusion that expired or soon will",
        "The last day of an exception or exclusion (`expires`, in UTC) has passed (an error: nothing is deployed), or is less than 30 days away (a warning).",
        "An exception that nobody looks at again hides events for ever, and an exclusion hides what may be worth mending.",
        "Ask its owner whether it still holds, then move the date or remove it.",
    ),
    Code(
        "DAC017",
        "Not proven by any sample",
        "No sample shows that a tunable changes an outcome, that a monitor alerts, or that anything does not alert.",
        "What no sample shows may not work, and nobody would notice.",
        "Add a case, or a variant that changes only that tunable and expects another outcome.",
    ),
    Code(
        "DAC018",
        "A search that is too large to run",
        "The search of a monitor is larger than the tool lets through.",
        "The server compiles the whole search as a template and runs none above 65,535 bytes; nothing but its log says so.",
        "Shorten its lists, ask a list once for several sources, or split the monitor in two.",
    ),
    Code(
        "DAC019",
        "A document-level monitor without the name of an index",
        "A log source of a document-level monitor lies where only a pattern, or a name with a dot in it, would find its events.",
        "The server refuses such a monitor: it takes the name of one index, alias or data stream, takes a name with a dot for a pattern, and wants it to be there when the monitor is made.",
        "Name an index, alias or data stream under `sources` of the environment (`index`), or use the template `entity`, which reads patterns.",
    ),
    Code(
        "DAC040",
        "A tunable that changed no outcome",
        "Replayed on a cluster, no case alerted under one value of the tunable and not, or on others, under another value with all else equal. Dead: variants change it, and the outcome stays the same. Not proven: no variant changes it, or only along with others.",
        "A tunable that changes nothing may be read nowhere, or lie behind a condition that never holds. Who turns it believes to have changed something.",
        "Add a case of which the tunable decides the outcome, with a variant that changes only it; or mend the condition that should read it; or remove it.",
        tested=True,
    ),
    Code(
        "DAC041",
        "A monitor or analytic that the samples do not test",
        "Replayed on a cluster, no sample event made the monitor alert, or the analytic has no case that must not alert.",
        "A detection that was never seen to fire may be dead, and one that was never seen silent may fire on everything.",
        "Add a case whose events make the monitor alert, and near misses that must not.",
        tested=True,
    ),
    Code(
        "DAC042",
        "A draft that is not finished",
        "`deployer test` was asked for an analytic with `status: draft`, and something is still to be written: a text that begins with TODO, a log source that no entry of mappings/sources serves, a monitor, sample events.",
        "A draft is checked for its form only, and never deployed. What it lacks would otherwise be found out one by one.",
        "Write what the finding names, where it points to. When a test finds nothing more, set `status: active`.",
        tested=True,
    ),
)

CODES = {code.id: code for code in sorted((*_FILES, *REACH), key=lambda code: code.id)}
"""Every code, by its name."""

EXCLUDABLE = frozenset(code.id for code in CODES.values() if code.live or "DAC020" <= code.id < "DAC040") | {
    "DAC007",
    "DAC008",
    "DAC011",
    "DAC017",
}
"""Codes of findings that one may live with: the rest keeps anything from being deployed."""
