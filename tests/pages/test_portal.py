"""What requesters and agents are shown of the pages that administrators write."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from core.models import SiteSettings
from pages import live
from pages.models import Page, PageKind, PageText
from portal.views.sent import sent_token
from tests import cast
from tests.pages.making import PNG, own_page, publish, with_picture

pytestmark = pytest.mark.django_db


def read(client: Client, path: str = "/", **headers: str) -> str:
    return client.get(path, headers=headers).content.decode()


# --- The start page, and in which language -------------------------------------------------------------


def test_without_a_page_the_start_page_says_what_it_always_said(client):
    assert "Tell us what is wrong" in read(client)


def test_the_landing_text_stands_on_the_start_page(client):
    publish(PageKind.LANDING, {"en": ("Welcome to {{ site.name }}", "<p>Write to us <strong>any time</strong>.</p>")})
    SiteSettings.objects.update(name="Ours & co")

    page = read(client)

    assert '<h1 lang="en" dir="auto">Welcome to Ours &amp; co</h1>' in page
    assert "<p>Write to us <strong>any time</strong>.</p>" in page
    assert "Tell us what is wrong" not in page
    assert "Open a ticket" in page


@pytest.mark.parametrize(
    ("accepted", "says"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "Guten Tag"),
        ("sv,de;q=0.4,en;q=0.8", "Hello"),
        ("fr", "Hello"),
        ("tlh, *;q=0.1", "Hello"),
        ("", "Hello"),
        (";;;,de;q=x," * 200, "Hello"),
    ],
)
def test_a_reader_gets_the_language_that_the_browser_asks_for_else_the_sites(client, accepted, says):
    publish(PageKind.LANDING, {"en": "<p>Hello</p>", "de": "<p>Guten Tag</p>"})

    assert f"<p>{says}</p>" in read(client, accept_language=accepted)


def test_who_chose_a_language_gets_that_whatever_the_browser_asks_for(sign_in, ada_confirmed):
    publish(PageKind.LANDING, {"en": "<p>Hello</p>", "de": "<p>Guten Tag</p>"})
    type(ada_confirmed).objects.filter(pk=ada_confirmed.pk).update(language="de")

    page = read(sign_in(ada_confirmed), accept_language="en")

    assert 'lang="de" dir="auto"><p>Guten Tag</p>' in page


def test_a_page_in_neither_language_is_not_there(client):
    publish(PageKind.LANDING, {"de": "<p>Guten Tag</p>"})

    assert "Tell us what is wrong" in read(client, accept_language="fr")
    assert "Guten Tag" in read(client, accept_language="de")
    SiteSettings.objects.update(language="de")
    assert "Guten Tag" in read(client, accept_language="fr")


def test_a_draft_is_shown_to_nobody(client):
    publish(PageKind.LANDING, {"en": "<p>Hello</p>"}, is_published=False)

    assert "Hello" not in read(client)


# --- Pages of their own --------------------------------------------------------------------------------


def test_a_page_of_its_own_has_an_address_and_a_link_in_the_footer(client):
    own_page(in_footer=True, position=2)
    publish(PageKind.OTHER, {"en": ("Privacy", "<p>x</p>")}, slug="privacy", in_footer=True, position=1)
    publish(PageKind.OTHER, {"en": ("Hidden", "<p>x</p>")}, slug="hidden")

    home, page = read(client), read(client, "/pages/imprint/")

    assert home.index('href="/pages/privacy/"') < home.index('href="/pages/imprint/"')
    assert "/pages/hidden/" not in home
    assert '<h1 lang="en" dir="auto">Imprint</h1>' in page
    assert "<p>Who we are.</p>" in page
    assert "Hidden" in read(client, "/pages/hidden/")


@pytest.mark.parametrize("slug", ["nothing", "draft", "landing", "IMPRINT", "a--b", "imprint-2"])
def test_what_is_no_published_page_of_its_own_is_not_found(client, slug):
    own_page()
    own_page("draft", is_published=False)
    publish(PageKind.LANDING, {"en": "<p>Hello</p>"})

    assert client.get(f"/pages/{slug}/").status_code == 404


def test_a_page_that_was_deleted_behind_the_back_of_a_process_is_not_found(client):
    page = own_page()
    assert client.get("/pages/imprint/").status_code == 200

    # As if the process had not heard of it yet.
    Page.objects.filter(pk=page.pk).delete()

    assert client.get("/pages/imprint/").status_code == 404


def test_pictures_of_what_is_published_are_everybodys_and_those_of_drafts_the_administrators(
    client, sign_in, grace, admin_user
):
    page = own_page()
    picture = with_picture(page)
    address = f"/pages/pictures/{picture.pk}/"

    assert f'<img src="{address}" alt="Pink"' in read(client, "/pages/imprint/")
    answer = client.get(address)
    assert (answer["Content-Type"], b"".join(answer.streaming_content)) == ("image/png", PNG)
    assert "sandbox" in answer["Content-Security-Policy"]
    Page.objects.update(is_published=False)
    assert client.get(address).status_code == 404
    assert sign_in(grace).get(address).status_code == 404
    assert sign_in(admin_user).get(address).status_code == 200
    assert client.get("/pages/pictures/99999999999999999999/").status_code == 404


def test_an_image_that_is_none_of_the_pages_pictures_is_not_loaded(client):
    publish(PageKind.LANDING, {"en": '<p>a <img src="cid:logo@elsewhere" alt="Logo"> b</p>'})

    page = read(client)

    assert "cid:" not in page
    assert '<span class="img-gone">Logo</span>' in page


# --- After a ticket --------------------------------------------------------------------------------------


def sent(client: Client, ticket, **headers: str) -> str:
    return read(client, f"/new/sent/{sent_token(ticket)}/", **headers)


def test_the_thank_you_tells_the_tickets_public_facts_in_the_readers_language(client, ticket):
    publish(
        PageKind.THANKS,
        {"en": ("Thanks", "<p>See #{{ ticket.number }}.</p>"), "de": "<p>Ihr Ticket: {{ ticket.number }}</p>"},
    )

    assert f"<p>See #{ticket.number}.</p>" in sent(client, ticket)
    assert f"<p>Ihr Ticket: {ticket.number}</p>" in sent(client, ticket, accept_language="de")


def test_a_topic_has_its_own_thank_you_before_its_text_and_that_before_what_holds_for_all(client, ticket, topic):
    publish(PageKind.THANKS, {"en": "<p>For all</p>"})
    assert "For all" in sent(client, ticket)

    type(topic).objects.filter(pk=topic.pk).update(thank_you="The topic's text")
    page = sent(client, ticket)
    assert "The topic&#x27;s text" in page
    assert "For all" not in page

    others = cast.make_topic("Others")
    publish(PageKind.THANKS, {"en": "<p>For this topic</p>"}, topics=(topic, others))
    page = sent(client, ticket)
    assert "For this topic" in page
    assert "For all" not in page
    assert "The topic" not in page


def test_a_thank_you_for_other_topics_says_nothing_here(client, ticket):
    publish(PageKind.THANKS, {"en": "<p>Elsewhere</p>"}, topics=(cast.make_topic("Others"),))

    assert "Elsewhere" not in sent(client, ticket)


def test_a_thank_you_says_nothing_of_what_was_typed(client, ticket):
    publish(PageKind.THANKS, {"en": "<p>A{{ ticket.subject }}B{{ requester.name }}C{{ thread.original }}D</p>"})

    assert "<p>ABCD</p>" in sent(client, ticket)


def test_a_value_is_never_read_as_html_or_as_a_variable(client, ticket):
    SiteSettings.objects.update(name="<script>alert(1)</script> {{ ticket.number }}")
    publish(PageKind.THANKS, {"en": ("{{ site.name }}", "<p>{{ site.name }}</p>")})

    page = sent(client, ticket)

    assert "<script>alert(1)" not in page
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt; {{ ticket.number }}</p>" in page


# --- Signing in, and registering ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/accounts/login/", "For requesters"),
        ("/accounts/login/?next=/tickets/", "For requesters"),
        ("/accounts/login/?next=/desk/", "For agents"),
        ("/accounts/login/?next=/admin/", "For agents"),
        ("/accounts/login/?next=https://evil.example/desk/", "For requesters"),
    ],
)
def test_the_sign_in_of_requesters_and_of_agents_have_words_of_their_own(client, path, says):
    publish(PageKind.SIGN_IN, {"en": "<p>For requesters</p>"})
    publish(PageKind.AGENT_SIGN_IN, {"en": "<p>For agents</p>"})

    page = read(client, path)

    assert [words for words in ("For requesters", "For agents") if words in page] == [says]


def test_words_stand_after_registering_and_after_it_is_confirmed(client, sign_in, ada_confirmed, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    publish(PageKind.REGISTRATION_SENT, {"en": ("Nearly there", "<p>Look into your mail.</p>")})
    publish(PageKind.REGISTERED, {"en": "<p>Glad that you are here.</p>"})

    assert "Nearly there" in read(client, "/accounts/register/sent/")
    assert "Glad that you are here." in read(sign_in(ada_confirmed), "/accounts/register/done/")
    assert client.get("/accounts/register/done/")["Location"] == "/"


def test_without_words_who_confirmed_comes_to_the_start_page(sign_in, ada_confirmed):
    assert sign_in(ada_confirmed).get("/accounts/register/done/")["Location"] == "/"


# --- Notices ------------------------------------------------------------------------------------------------


def test_a_notice_stands_above_all_pages_of_those_it_is_for(client, sign_in, ken, support):
    publish(PageKind.NOTICE, {"en": "Mail <is> slow, see https://status.example"}, audience="requesters")
    publish(PageKind.NOTICE, {"en": ("Today", "Staff meeting")}, audience="agents", severity="warning")

    home, desk = read(client), read(sign_in(ken), "/desk/queues/open/")

    assert "Mail &lt;is&gt; slow" in home
    assert 'href="https://status.example" rel="nofollow"' in home
    assert "Mail &lt;is&gt; slow" in read(client, "/accounts/login/")
    assert "Staff meeting" not in home
    assert "banner-warning site-notice" in desk
    assert "Staff meeting" in desk
    assert "Mail &lt;is&gt; slow" not in desk


@pytest.mark.parametrize(
    ("starts", "ends", "holds"), [(-1, 1, True), (None, 1, True), (-1, None, True), (1, 2, False), (-2, -1, False)]
)
def test_a_notice_holds_between_its_times(client, starts, ends, holds):
    hours = {
        name: now() + timedelta(hours=hour)
        for name, hour in (("starts_at", starts), ("ends_at", ends))
        if hour is not None
    }
    publish(PageKind.NOTICE, {"en": "The network is down"}, **hours)

    assert ("The network is down" in read(client)) is holds


def test_the_gravest_notices_come_first_and_three_are_enough(client):
    for number, severity in enumerate(("info", "warning", "danger", "info")):
        publish(PageKind.NOTICE, {"en": f"Notice {number}"}, severity=severity)

    page = read(client)

    assert [page.find(f"Notice {number}") > 0 for number in range(4)] == [True, True, True, False]
    assert page.index("Notice 2") < page.index("Notice 1") < page.index("Notice 0")


# --- What it costs ---------------------------------------------------------------------------------------------


def test_pages_cost_no_query_until_there_is_one(client, django_assert_num_queries):
    client.get("/")
    assert live.published(SiteSettings.load()) == ()
    with django_assert_num_queries(0):
        live.published(SiteSettings(pages_version=""))


def test_what_is_published_is_read_once_after_a_change_however_much_it_is(client, ticket, django_assert_num_queries):
    address = f"/new/sent/{sent_token(ticket)}/"
    client.get("/")
    with CaptureQueriesContext(connection) as home_before:
        client.get("/")
    with CaptureQueriesContext(connection) as sent_before:
        client.get(address)
    for number in range(20):
        own_page(f"page-{number}", in_footer=True)
        publish(PageKind.NOTICE, {"en": "x"})
    publish(PageKind.LANDING, {"en": "<p>Hello</p>", "de": "<p>Hallo</p>"})
    publish(PageKind.THANKS, {"en": "<p>Thanks</p>"})

    with django_assert_num_queries(len(home_before) + 1):
        client.get("/")
    with django_assert_num_queries(len(home_before)):
        assert "Hello" in client.get("/").content.decode()
    with django_assert_num_queries(len(sent_before) + 1):
        assert "Thanks" in client.get(address).content.decode()
    # The site settings, and what the page says.
    with django_assert_num_queries(2):
        client.get("/pages/page-3/")


def test_a_change_is_seen_by_the_next_page(client):
    page = publish(PageKind.LANDING, {"en": "<p>Hello</p>"})
    assert "Hello" in read(client)

    PageText.objects.filter(page=page).update(body="<p>Good morning</p>")
    live.changed()

    assert "Good morning" in read(client)


def test_no_more_than_twelve_pages_stand_in_the_footer(client):
    for number in range(15):
        own_page(f"page-{number}", in_footer=True)

    assert read(client).count('href="/pages/') == 12
