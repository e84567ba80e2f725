"""The grids of an escalation: every command in every stage by every role, read like a timetable.

How to read them stands in ``test_journey_table``, which plays each cell.
"""

ESCALATION_GRIDS = {
    # Suspected spam: nobody has dismissed it yet, so anybody of the team looks, or an executive.
    "held": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          F    F    C    C    C    F    F    F    F
    assign           F    F    C    C    C    F    F    F    F
    decline          F    F    F    F    F    F    F    F    F
    renew            F    F    F    F    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    C    C    C    F    F    F    F    F
    merge            C    C    C    C    F    F    F    F    F
    answered_outside C    C    C    C    F    F    F    F    F
    uphold           ok   ok   ok   ok   ok   F    F    F    F
    overturn         ok   ok   ok   ok   ok   F    F    F    F
    propose          F    F    F    F    F    F    F    F    F
    decide_alone     F    F    F    F    F    F    F    F    F
    approve          F    F    F    C    C    F    F    F    F
    refuse           F    F    F    C    C    F    F    F    F
    return           F    F    F    C    C    F    F    F    F
    ask              F    F    F    C    C    F    F    F    F
    inform           F    F    F    F    F    F    F    F    F
    add_approver     F    F    F    C    C    F    F    F    F
    replace_approver F    F    F    C    C    F    F    F    F
    bypass           F    F    F    C    C    F    F    F    F
    withdraw         F    F    F    F    F    F    F    F    F
    reply            F    F    F    F    F    F    F    F    F
    recall           F    F    F    F    F    F    F    F    F
    move_private     F    F    F    F    F    F    F    F    F
    holding_reply    F    F    F    F    F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            F    F    C    C    C    F    F    F    F
    resume           F    F    C    C    C    F    F    F    F
    extend           F    F    C    C    C    F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Dismissed by its owner (Ada, in her column Fay), who may not look at it themselves.
    "held, second look": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           C    F    C    C    C    F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           F    ok   ok   F    ok   F    F    F    F
    overturn         F    ok   ok   F    ok   F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    C    C    F    F    F    F
    refuse           F    F    F    C    C    F    F    F    F
    return           F    F    F    C    C    F    F    F    F
    ask              F    F    F    C    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    C    C    F    F    F    F
    bypass           F    F    F    C    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    C    F    F    C    F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            C    F    C    C    C    F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    C    C    C    F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Nobody owns it, so even Ada is only one of the team.
    "unclaimed": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            ok   ok   ok   ok   F    F    F    F    F
    release          F    F    C    C    C    F    F    F    F
    assign           F    F    ok   ok   ok   F    F    F    F
    decline          F    F    F    F    F    F    F    F    F
    renew            F    F    F    F    F    F    F    F    F
    reroute          F    F    ok   ok   ok   F    F    F    F
    dismiss          ok   ok   ok   ok   F    F    F    F    F
    merge            ok   ok   ok   ok   F    F    F    F    F
    answered_outside ok   ok   ok   ok   F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          F    F    F    F    F    F    F    F    F
    decide_alone     F    F    F    F    F    F    F    F    F
    approve          F    F    F    C    C    F    F    F    F
    refuse           F    F    F    C    C    F    F    F    F
    return           F    F    F    C    C    F    F    F    F
    ask              F    F    F    C    C    F    F    F    F
    inform           F    F    F    F    F    F    F    F    F
    add_approver     F    F    F    C    C    F    F    F    F
    replace_approver F    F    F    C    C    F    F    F    F
    bypass           F    F    F    C    C    F    F    F    F
    withdraw         F    F    F    F    F    F    F    F    F
    reply            F    F    F    F    F    F    F    F    F
    recall           F    F    F    F    F    F    F    F    F
    move_private     F    F    F    F    F    F    F    F    F
    holding_reply    F    F    F    F    F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            F    F    ok   ok   ok   F    F    F    F
    resume           F    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      ok   ok   ok   ok   ok   F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Claimed by its owner, whose claim does not lapse.
    "preparing": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          ok   F    ok   ok   ok   F    F    F    F
    assign           ok   F    ok   ok   ok   F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    ok   ok   ok   F    F    F    F
    dismiss          ok   F    F    ok   F    F    F    F    F
    merge            ok   F    F    ok   F    F    F    F    F
    answered_outside ok   F    F    ok   F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          ok   F    F    ok   F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    C    C    F    F    F    F
    refuse           F    F    F    C    C    F    F    F    F
    return           F    F    F    C    C    F    F    F    F
    ask              F    F    F    C    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    C    C    F    F    F    F
    bypass           F    F    F    C    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     ok   F    F    ok   F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      ok   ok   ok   ok   ok   F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Ben made Ada its owner, under terms where claims lapse and owners decide alone.
    "preparing, assigned": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          ok   F    ok   ok   ok   F    F    F    F
    assign           ok   F    ok   ok   ok   F    F    F    F
    decline          ok   F    F    ok   F    F    F    F    F
    renew            ok   F    F    ok   F    F    F    F    F
    reroute          F    F    ok   ok   ok   F    F    F    F
    dismiss          ok   F    F    ok   F    F    F    F    F
    merge            ok   F    F    ok   F    F    F    F    F
    answered_outside ok   F    F    ok   F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          ok   F    F    ok   F    F    F    F    F
    decide_alone     ok   F    F    ok   F    F    F    F    F
    approve          F    F    F    C    C    F    F    F    F
    refuse           F    F    F    C    C    F    F    F    F
    return           F    F    F    C    C    F    F    F    F
    ask              F    F    F    C    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    C    C    F    F    F    F
    bypass           F    F    F    C    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     ok   F    F    ok   F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      ok   ok   ok   ok   ok   F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Answered elsewhere, and its clock stands still besides.
    "preparing, in a matter": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          ok   F    ok   ok   ok   F    F    F    F
    assign           ok   F    ok   ok   ok   F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    ok   ok   ok   F    F    F    F
    dismiss          ok   F    F    ok   F    F    F    F    F
    merge            ok   F    F    ok   F    F    F    F    F
    answered_outside ok   F    F    ok   F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    C    C    F    F    F    F
    refuse           F    F    F    C    C    F    F    F    F
    return           F    F    F    C    C    F    F    F    F
    ask              F    F    F    C    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    C    C    F    F    F    F
    bypass           F    F    F    C    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            C    F    C    C    C    F    F    F    F
    resume           ok   F    ok   ok   ok   F    F    F    F
    extend           F    F    C    C    C    F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     ok   ok   ok   ok   ok   F    F    F    F
    serve            F    F    F    F    F    F    F    F    ok
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Any executive but the proposer; nobody is named and nothing was asked.
    "deciding": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           C    F    C    C    C    F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    F    ok   F    F    F    F
    refuse           F    F    F    F    ok   F    F    F    F
    return           F    F    F    F    ok   F    F    F    F
    ask              F    F    F    F    ok   F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     ok   F    F    ok   ok   F    F    F    F
    replace_approver F    F    F    F    C    F    F    F    F
    bypass           F    F    F    F    ok   F    F    F    F
    withdraw         ok   F    F    ok   F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Cora, who is named, has asked; Gus is to be accountable for a promise in it.
    "deciding, asked": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           C    F    C    C    C    F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    F    ok   F    F    F    F
    refuse           F    F    F    F    ok   F    F    F    F
    return           F    F    F    F    ok   F    F    F    F
    ask              F    F    F    F    C    F    F    F    F
    inform           ok   F    F    ok   F    F    F    F    F
    add_approver     ok   F    F    ok   ok   F    F    F    F
    replace_approver F    F    F    F    ok   F    F    F    F
    bypass           F    F    F    F    ok   F    F    F    F
    withdraw         ok   F    F    ok   F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    ok   F    F    F    F    F    F    F
    counter_promise  F    ok   F    F    F    F    F    F    F
    decline_promise  F    ok   F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Decided; the words are still to be written.
    "replying": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           ok   F    ok   ok   ok   F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    F    C    F    F    F    F
    refuse           F    F    F    F    C    F    F    F    F
    return           F    F    F    F    C    F    F    F    F
    ask              F    F    F    F    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    F    C    F    F    F    F
    bypass           F    F    F    F    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            ok   F    F    ok   F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # The words are written and wait for another person.
    "replying, in review": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           ok   F    ok   ok   ok   F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    F    C    F    F    F    F
    refuse           F    F    F    F    C    F    F    F    F
    return           F    F    F    F    C    F    F    F    F
    ask              F    F    F    F    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    F    C    F    F    F    F
    bypass           F    F    F    F    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    ok
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # The approved words wait until Gus accepts the promise in them.
    "replying, waiting": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           ok   F    ok   ok   ok   F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    F    C    F    F    F    F
    refuse           F    F    F    F    C    F    F    F    F
    return           F    F    F    F    C    F    F    F    F
    ask              F    F    F    F    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    F    C    F    F    F    F
    bypass           F    F    F    F    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           ok   F    F    ok   F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    ok   F    F    ok   F    F    F    F    F
    accept_promise   F    ok   F    F    F    F    F    F    F
    counter_promise  F    ok   F    F    F    F    F    F    F
    decline_promise  F    ok   F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    ok   ok   ok   F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Our answer is out.
    "listening": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           ok   F    ok   ok   ok   F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    F    C    F    F    F    F
    refuse           F    F    F    F    C    F    F    F    F
    return           F    F    F    F    C    F    F    F    F
    ask              F    F    F    F    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    F    C    F    F    F    F
    bypass           F    F    F    F    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    C    F    F    C    F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             ok   ok   ok   ok   ok   F    F    F    F
    pause            ok   F    ok   ok   ok   F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    C    C    C    F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    ok
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    ok
    """,
    # Only the intake hears that it is closed: its comment then opens a successor.
    "closed": """
                     ada  gus  ben  fay  cora dev  eve  root hook
    claim            C    C    C    C    F    F    F    F    F
    release          C    F    C    C    C    F    F    F    F
    assign           C    F    C    C    C    F    F    F    F
    decline          C    F    F    C    F    F    F    F    F
    renew            C    F    F    C    F    F    F    F    F
    reroute          F    F    C    C    C    F    F    F    F
    dismiss          C    F    F    C    F    F    F    F    F
    merge            C    F    F    C    F    F    F    F    F
    answered_outside C    F    F    C    F    F    F    F    F
    uphold           C    C    C    C    C    F    F    F    F
    overturn         C    C    C    C    C    F    F    F    F
    propose          C    F    F    C    F    F    F    F    F
    decide_alone     C    F    F    C    F    F    F    F    F
    approve          F    F    F    F    C    F    F    F    F
    refuse           F    F    F    F    C    F    F    F    F
    return           F    F    F    F    C    F    F    F    F
    ask              F    F    F    F    C    F    F    F    F
    inform           C    F    F    C    F    F    F    F    F
    add_approver     C    F    F    C    C    F    F    F    F
    replace_approver F    F    F    F    C    F    F    F    F
    bypass           F    F    F    F    C    F    F    F    F
    withdraw         C    F    F    C    F    F    F    F    F
    reply            C    F    F    C    F    F    F    F    F
    recall           C    F    F    C    F    F    F    F    F
    move_private     C    F    F    C    F    F    F    F    F
    holding_reply    C    F    F    C    F    F    F    F    F
    accept_promise   F    F    F    F    F    F    F    F    F
    counter_promise  F    F    F    F    F    F    F    F    F
    decline_promise  F    F    F    F    F    F    F    F    F
    note             C    C    C    C    C    F    F    F    F
    pause            C    F    C    C    C    F    F    F    F
    resume           C    F    C    C    C    F    F    F    F
    extend           F    F    C    C    C    F    F    F    F
    join_matter      C    C    C    C    C    F    F    F    F
    leave_matter     C    C    C    C    C    F    F    F    F
    serve            F    F    F    F    F    F    F    F    -
    receive          F    F    F    F    F    F    F    F    C
    settle           F    F    F    F    F    F    F    F    -
    ring             F    F    F    F    F    F    F    F    -
    """,
}
