"""What the pages call each act, for every kind of case."""

from __future__ import annotations

from collections.abc import Mapping

from texts import Sayings

ACTS = Sayings(
    {
        "claim": "Claim it",
        "release": "Give it back to the team",
        "assign": "Assign it",
        "dismiss": "Dismiss it",
        "propose": "Propose an answer",
        "approve": "Approve",
        "refuse": "Refuse",
        "return": "Return for changes",
        "reply": "Write the reply",
        "note": "Write a note",
        "withdraw": "Withdraw it",
        "clear": "Clear it for publication",
        "confirm": "Say whether it arrived",
        "retry": "Try again to publish it",
        "correct": "Correct it in public",
        "retract": "Take it back in public",
        "report_kept": "Report it kept",
        "decline": "Decline the assignment",
        "renew": "Renew the claim",
        "reroute": "Send it to another team",
        "merge": "Merge it into another of the same person",
        "answered_outside": "Say that it was answered on the channel",
        "uphold": "Uphold: no answer is owed",
        "overturn": "Overturn: an answer is owed",
        "decide_alone": "Decide it yourself",
        "ask": "Ask for information",
        "inform": "Answer the question",
        "add_approver": "Ask one more person to agree",
        "replace_approver": "Replace an approver",
        "bypass": "Approve without the others",
        "recall": "Take the waiting words back",
        "move_private": "Go on in private",
        "holding_reply": "Say that it is being worked on",
        "accept_promise": "Accept a promise",
        "counter_promise": "Offer another date for a promise",
        "decline_promise": "Decline a promise",
        "pause": "Pause the clock",
        "resume": "Let the clock go on",
        "extend": "Give it more time",
        "accept_calendar": "Accept the newer calendar",
        "join_matter": "Put it into a matter",
        "leave_matter": "Take it out of its matter",
        "tell": "Tell the public how it is going",
        "renegotiate": "Ask for another date",
        "accept_new_date": "Accept the new date",
        "agree": "Agree to the new date and publish its words",
        "refuse_new_date": "Refuse the new date",
        "make_link": "Make a private link for the commenter",
        "reopen": "Agree with the commenter: it is still owed",
        "halt": "Halt it at once",
        "close": "Close it",
    }
)

ACTS_OF: Mapping[str, Sayings] = {
    "escalation": ACTS | Sayings({"withdraw": "Withdraw the proposal"}),
    "post": ACTS | Sayings({"withdraw": "Withdraw these words", "return": "Return to its writer"}),
    "commitment": ACTS
    | Sayings({"withdraw": "Withdraw the promise", "uphold": "Stand by it: the promise is kept"}),
    "matter": ACTS | Sayings({"withdraw": "Take the answer back", "release": "Release the answer"}),
}
