"""What the operations of Jira send."""

from typing import TypedDict

from tests.rows.row import Row


class Subject(TypedDict):
    run_id: str
    test_id: str
    jira_installation_id: str
    jira_project_id: str
    jira_issue_type: str


SUBJECT: Subject = {
    "run_id": "r",
    "test_id": "t",
    "jira_installation_id": "ji",
    "jira_project_id": "jp",
    "jira_issue_type": "10001",
}
SENT = (
    b'"runId":"r","testId":"t","jiraInstallationId":"ji","jiraProjectId":"jp",'
    b'"jiraIssueType":"10001"'
)

ROWS = [
    Row(
        "listJiraProjects",
        lambda c: c.jira.projects("ji"),
        "GET",
        "/integrations/jira/projects?jira_installation_id=ji&page=0&limit=50",
    ),
    Row(
        "listJiraProjects",
        lambda c: c.jira.projects("ji", search="Web shop", page_size=100, prefetch=True),
        "GET",
        "/integrations/jira/projects?jira_installation_id=ji&search=Web%20shop&page=0&limit=100",
    ),
    Row(
        "listJiraIssueTypes",
        lambda c: c.jira.issue_types("jp", jira_installation_id="ji"),
        "GET",
        "/integrations/jira/projects/jp/issue-types?jira_installation_id=ji&page=0&limit=50",
    ),
    Row(
        "listJiraIssueTypes",
        lambda c: c.jira.issue_types("j p", jira_installation_id="ji", search="bug", page_size=1),
        "GET",
        "/integrations/jira/projects/j%20p/issue-types?jira_installation_id=ji&search=bug"
        "&page=0&limit=1",
    ),
    Row(
        "createJiraIssue",
        lambda c: c.jira.create_issue(**SUBJECT),
        "POST",
        "/projects/default/jira/issues",
        b"{" + SENT + b"}",
        status=201,
    ),
    Row(
        "createJiraIssue",
        lambda c: c.jira.create_issue(
            **SUBJECT, custom_fields={"customfield_1": "x\ny", "labels": "z"}, project_id="p"
        ),
        "POST",
        "/projects/p/jira/issues",
        b"{" + SENT + b',"customFields":[{"fieldId":"customfield_1","value":"x\\ny"},'
        b'{"fieldId":"labels","value":"z"}]}',
    ),
    Row(
        "linkJiraIssue",
        lambda c: c.jira.link_issue("SHOP-1", **SUBJECT),
        "POST",
        "/projects/default/jira/issues/SHOP-1/link",
        b"{" + SENT + b"}",
    ),
    Row(
        "linkJiraIssue",
        lambda c: c.jira.link_issue(
            "SHOP-1",
            **SUBJECT,
            comment="seen\nagain",
            include_context_in_comment=False,
            project_id="p",
        ),
        "POST",
        "/projects/p/jira/issues/SHOP-1/link",
        b"{" + SENT + b',"comment":"seen\\nagain","includeContextInComment":false}',
    ),
]
