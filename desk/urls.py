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
    path("queues/<slug:slug>/", views.queue, name="queue"),
    path("tickets/<number:number>/", views.ticket, name="ticket"),
    path("tickets/<number:number>/history/", views.history, name="history"),
    path("tickets/<number:number>/reply/", views.reply, name="reply"),
    path("tickets/<number:number>/note/", views.note, name="note"),
    path("tickets/<number:number>/assign/", views.assign, name="assign"),
    path("tickets/<number:number>/claim/", views.claim, name="claim"),
    path("tickets/<number:number>/release/", views.release, name="release"),
    path("tickets/<number:number>/transfer/", views.transfer, name="transfer"),
    path("tickets/<number:number>/priority/", views.priority, name="priority"),
    path("tickets/<number:number>/topic/", views.topic, name="topic"),
    path("tickets/<number:number>/plan/", views.plan, name="plan"),
    path("tickets/<number:number>/resolve/", views.resolve, name="resolve"),
    path("tickets/<number:number>/close/", views.close, name="close"),
    path("tickets/<number:number>/reopen/", views.reopen, name="reopen"),
    path("tickets/<number:number>/remove-referral/", views.remove_referral, name="remove-referral"),
    path("tickets/<number:number>/undo/<str:token>/", views.undo, name="undo"),
    path("files/<int:pk>/", views.file, name="file"),
]
