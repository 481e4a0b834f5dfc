"""Addresses of the desk, below /desk/."""

from django.urls import path, register_converter

from desk import views


class NumberConverter:
    """A ticket's number, or what could be one."""

    regex = "[0-9A-Za-z-]{1,20}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "number")

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("new/", views.new, name="new"),
    path("settings/", views.settings, name="settings"),
    path("alerts/off/<str:token>/", views.alerts_off, name="alerts-off"),
    path("notices/", views.notices, name="notices"),
    path("notices/news/", views.notice_news, name="notice-news"),
    path("notices/read/", views.read_notices, name="read-notices"),
    path("agents/", views.agents, name="agents"),
    path("queues/<slug:slug>/", views.queue, name="queue"),
    path("tickets/<number:number>/", views.ticket, name="ticket"),
    path("tickets/<number:number>/history/", views.history, name="history"),
    path("tickets/<number:number>/clocks/", views.clocks, name="clocks"),
    path("tickets/<number:number>/reply/", views.reply, name="reply"),
    path("tickets/<number:number>/note/", views.note, name="note"),
    path("tickets/<number:number>/uploads/", views.upload, name="upload"),
    path("tickets/<number:number>/quote/", views.quote, name="quote"),
    path("tickets/<number:number>/assign/", views.assign, name="assign"),
    path("tickets/<number:number>/claim/", views.claim, name="claim"),
    path("tickets/<number:number>/release/", views.release, name="release"),
    path("tickets/<number:number>/transfer/", views.transfer, name="transfer"),
    path("tickets/<number:number>/priority/", views.priority, name="priority"),
    path("tickets/<number:number>/topic/", views.topic, name="topic"),
    path("tickets/<number:number>/plan/", views.plan, name="plan"),
    path("tickets/<number:number>/source/", views.source, name="source"),
    path("tickets/<number:number>/due-date/", views.due_date, name="due-date"),
    path("tickets/<number:number>/remove-due-date/", views.remove_due_date, name="remove-due-date"),
    path("tickets/<number:number>/snooze/", views.snooze, name="snooze"),
    path("tickets/<number:number>/wake/", views.wake, name="wake"),
    path("tickets/<number:number>/await-third-party/", views.await_third_party, name="await-third-party"),
    path("tickets/<number:number>/stop-waiting/", views.stop_waiting, name="stop-waiting"),
    path("tickets/<number:number>/resolve/", views.resolve, name="resolve"),
    path("tickets/<number:number>/close/", views.close, name="close"),
    path("tickets/<number:number>/reopen/", views.reopen, name="reopen"),
    path("tickets/<number:number>/refer/", views.refer, name="refer"),
    path("tickets/<number:number>/remove-referral/", views.remove_referral, name="remove-referral"),
    path("tickets/<number:number>/add-collaborator/", views.add_collaborator, name="add-collaborator"),
    path("tickets/<number:number>/remove-collaborator/", views.remove_collaborator, name="remove-collaborator"),
    path("tickets/<number:number>/undo/<str:token>/", views.undo, name="undo"),
    path("tickets/<number:number>/mail/<int:entry>/", views.mail, name="mail"),
    path("tickets/<number:number>/mail/<int:entry>/file/", views.mail_file, name="mail-file"),
    path("tickets/<number:number>/mail/<int:entry>/html/", views.mail_html, name="mail-html"),
    path("tickets/<number:number>/held/<int:held>/send/", views.held_send, name="held-send"),
    path("tickets/<number:number>/held/<int:held>/undo/", views.held_undo, name="held-undo"),
    path("tickets/<number:number>/held/<int:held>/cancel/", views.held_cancel, name="held-cancel"),
    path("tickets/<number:number>/held/<int:held>/discard/", views.held_discard, name="held-discard"),
    path("tickets/<number:number>/entries/<int:entry>/delivery/", views.delivery, name="delivery"),
    path("tickets/<number:number>/entries/<int:entry>/resend/", views.resend, name="resend"),
    path("tickets/<number:number>/mails/<int:mail>/retry/", views.retry_mail, name="retry-mail"),
    path("tickets/<number:number>/addresses/<int:address>/clear-bounce/", views.clear_bounce, name="clear-bounce"),
    path("tickets/<number:number>/entries/<int:entry>/move/", views.move_entry, name="move-entry"),
    path("tickets/<number:number>/canned/", views.canned, name="canned"),
    path("tickets/<number:number>/canned/<int:response>/", views.canned_response, name="canned-response"),
    path("files/<int:pk>/", views.file, name="file"),
    path("people/", views.people, name="people"),
    path("people/add/", views.add_person, name="person-add"),
    path("people/export/", views.export_people, name="people-export"),
    path("people/<int:person>/", views.person, name="person"),
    path("people/<int:person>/edit/", views.edit_person, name="person-edit"),
    path("people/<int:person>/lock/", views.lock_person, name="person-lock"),
    path("people/<int:person>/unlock/", views.unlock_person, name="person-unlock"),
    path("people/<int:person>/invite/", views.invite_person, name="person-invite"),
    path("people/<int:person>/password-link/", views.mail_password_link, name="person-password"),
    path("people/<int:person>/revoke-links/", views.revoke_ticket_links, name="person-revoke"),
    path("people/<int:person>/notes/", views.note_person, name="person-note"),
    path("people/<int:person>/notes/<int:note>/delete/", views.delete_person_note, name="person-note-delete"),
    path("people/<int:person>/addresses/", views.add_address, name="person-address"),
    path("people/<int:person>/addresses/<int:address>/primary/", views.make_primary, name="person-address-primary"),
    path(
        "people/<int:person>/addresses/<int:address>/confirm/", views.mail_confirmation, name="person-address-confirm"
    ),
    path("people/<int:person>/addresses/<int:address>/clear/", views.clear_address, name="person-address-clear"),
    path("people/<int:person>/addresses/<int:address>/remove/", views.remove_address, name="person-address-remove"),
    path("people/<int:person>/delete/", views.delete_person, name="person-delete"),
    path("people/<int:person>/hand-over/", views.hand_over, name="person-hand-over"),
    path("people/<int:person>/anonymise/", views.anonymise_person, name="person-anonymise"),
    path("people/<int:person>/erase/", views.erase_person, name="person-erase"),
    path("people/<int:person>/merge/", views.find_to_merge, name="person-merge"),
    path("people/<int:person>/merge/<int:other>/", views.merge_people, name="person-merge-with"),
    path("people/<int:person>/redact/", views.redact, name="person-redact"),
    path("canned/", views.canned_responses, name="canned-responses"),
    path("canned/add/", views.add_canned, name="canned-add"),
    path("canned/uploads/", views.canned_upload, name="canned-upload"),
    path("canned/<int:response>/", views.edit_canned, name="canned-edit"),
    path("canned/<int:response>/archive/", views.archive_canned, name="canned-archive"),
    path("canned/<int:response>/restore/", views.restore_canned, name="canned-restore"),
    path("organizations/", views.organization_list, name="organizations"),
    path("organizations/add/", views.add_organization, name="organization-add"),
    path("organizations/<int:organization>/", views.organization, name="organization"),
    path("organizations/<int:organization>/edit/", views.edit_organization, name="organization-edit"),
    path("organizations/<int:organization>/archive/", views.archive_organization, name="organization-archive"),
    path("organizations/<int:organization>/restore/", views.restore_organization, name="organization-restore"),
    path("organizations/<int:organization>/delete/", views.delete_organization, name="organization-delete"),
    path("organizations/<int:organization>/notes/", views.note_organization, name="organization-note"),
    path(
        "organizations/<int:organization>/notes/<int:note>/delete/",
        views.delete_organization_note,
        name="organization-note-delete",
    ),
]
