"""Every address, by every kind of visitor, answers as a hand-written table says. An address that the table does not
know fails: whoever adds one decides here who may use it."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from zlib import crc32

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.utils.timezone import now

from accounts.models import Team
from helpdesk import urls
from tests.security.bodies import BODIES
from tests.security.routes import Route, routes
from tests.security.world import World
from tickets.models import Status, Ticket, TicketEvent

# The columns. Who stands behind the same answer in every row but a few has no column of their own: they get the answer
# of somebody else in the row, unless the row ends with a "|" and says otherwise, as in "| lou=403 ruth=away".
#
#   nobody   not signed in. Addresses with a link in them are asked with Ada's: nobody holds the link there, and
#            "/ forged" is who holds none
#   ada      who asked, signed in
#     cleo     takes part in it: a collaborator
#     cora     of Ada's organisation, which shares its tickets
#   linus    an agent of another department
#     olaf     of the ticket's department, but sees only what is assigned; this ticket is not
#   vera     an agent of the ticket's department; may view only
#     ruth     works elsewhere; the ticket was referred to her
#   grace    an agent of the ticket's department, with all access
#     eve      with expanded access
#     mona     manages the department, and works elsewhere
#     otto     sees only what is assigned; the ticket is assigned to him
#     lou      with limited access
#     tina     works elsewhere; the ticket is assigned to her team
#   rosa     an administrator, no agent
#     watch    she sees the desk as Grace: gets there what Vera gets, who may only view, and what Rosa gets elsewhere;
#              can send nothing
#   gone     an agent who was switched off and still has a session
COLUMNS = ("nobody", "ada", "linus", "vera", "grace", "rosa", "gone")
FOLLOWS = {
    "cleo": "ada",
    "cora": "ada",
    "olaf": "linus",
    "ruth": "vera",
    "eve": "grace",
    "mona": "grace",
    "otto": "grace",
    "lou": "grace",
    "tina": "lou",
}
ROLES = (*COLUMNS, *FOLLOWS, "watch")

# Who may come upon what stands in the ticket at all. To everybody else it is a foreign ticket, whose words must be in
# no answer, whatever its status. Whoever holds the link reads by it, hence "*".
READERS = {
    "desk:": {"vera", "ruth", "grace", "eve", "mona", "otto", "lou", "tina", "watch"},
    "reports:": {"grace", "eve", "mona", "otto"},
    "portal:": {"*"},
    "admin:": {"rosa"},
}

# An answer is a status, "sign-in" for being led there, "away" for being led elsewhere. A "+" says that something has
# happened to the ticket. Forms are sent empty, but for the number of the last event seen. Behind a "/" stands what is
# asked for: "reply" is the file of a reply, else it is that of a note; "forged" replaces what is signed; "valid" sends
# the form as tests/security/bodies.py fills it in.
TABLE = """
                                         nobody   ada      linus    vera     grace    rosa     gone
GET  healthz                             200      200      200      200      200      200      200
POST healthz                             405      405      405      405      405      405      405     | watch=405
GET  metrics                             404      404      404      404      404      404      404
POST metrics                             405      405      405      405      405      405      405     | watch=405
GET  site-logo                           404      404      404      404      404      404      404
POST site-logo                           405      405      405      405      405      405      405
GET  favicon.ico                         away     away     away     away     away     away     away
POST favicon.ico                         405      405      405      405      405      405      405
GET  setup                               sign-in  sign-in  sign-in  sign-in  sign-in  sign-in  sign-in
POST setup                               sign-in  sign-in  sign-in  sign-in  sign-in  sign-in  sign-in

GET  api:json                            400      400      400      400      400      400      400
POST api:json                            401      401      401      401      401      401      401     | watch=401
GET  api:json-http-php                   400      400      400      400      400      400      400
POST api:json-http-php                   401      401      401      401      401      401      401     | watch=401
GET  api:xml                             400      400      400      400      400      400      400
POST api:xml                             401      401      401      401      401      401      401     | watch=401
GET  api:xml-http-php                    400      400      400      400      400      400      400
POST api:xml-http-php                    401      401      401      401      401      401      401     | watch=401
GET  api:email                           400      400      400      400      400      400      400
POST api:email                           401      401      401      401      401      401      401     | watch=401
GET  api:email-http-php                  400      400      400      400      400      400      400
POST api:email-http-php                  401      401      401      401      401      401      401     | watch=401
GET  api:cron                            400      400      400      400      400      400      400
POST api:cron                            401      401      401      401      401      401      401     | watch=401
GET  api:cron-http-php                   400      400      400      400      400      400      400
POST api:cron-http-php                   401      401      401      401      401      401      401     | watch=401
GET  api:other-format                    400      400      400      400      400      400      400
POST api:other-format                    415      415      415      415      415      415      415     | watch=415
GET  api:other-format-http-php           400      400      400      400      400      400      400
POST api:other-format-http-php           415      415      415      415      415      415      415     | watch=415
GET  api:root                            400      400      400      400      400      400      400
POST api:root                            400      400      400      400      400      400      400     | watch=400
GET  api:nothing                         400      400      400      400      400      400      400
POST api:nothing                         400      400      400      400      400      400      400     | watch=400
GET  hooks:mail                          404      404      404      404      404      404      404
POST hooks:mail                          404      404      404      404      404      404      404     | watch=404
GET  hooks:root                          404      404      404      404      404      404      404
POST hooks:root                          404      404      404      404      404      404      404     | watch=404
GET  hooks:nothing                       404      404      404      404      404      404      404
POST hooks:nothing                       404      404      404      404      404      404      404     | watch=404

GET  account_login                       200      away     away     away     away     away     200
POST account_login                       422      away     away     away     away     away     422
POST account_login / valid               away     away     away     away     away     away     away
GET  account_logout                      away     200      200      200      200      200      away
POST account_logout                      away     away     away     away     away     away     away    | watch=away
GET  account_change_password             sign-in  200      200      200      200      200      sign-in
POST account_change_password             sign-in  422      422      422      422      422      sign-in
POST account_change_password / valid     sign-in  away     away     away     away     away     sign-in
GET  account_reset_password              200      200      200      200      200      200      200
POST account_reset_password              422      422      422      422      422      422      422
POST account_reset_password / valid      away     away     away     away     away     away     away
GET  account_reset_password_done         200      200      200      200      200      200      200
POST account_reset_password_done         405      405      405      405      405      405      405
GET  account_reset_password_from_key     200      200      200      200      200      200      200
POST account_reset_password_from_key     200      200      200      200      200      200      200
GET  account_reset_password_from_key_done  200    200      200      200      200      200      200
POST account_reset_password_from_key_done  405    405      405      405      405      405      405
GET  confirm_address                     sign-in  200      404      404      404      404      sign-in  | cleo=404 cora=404
POST confirm_address                     sign-in  200      404      404      404      404      sign-in  | cleo=404 cora=404
GET  confirm_address / forged            404      404      404      404      404      404      404
POST confirm_address / forged            404      404      404      404      404      404      404
GET  account_ask_for_link                200      200      200      200      200      200      200
POST account_ask_for_link                422      422      422      422      422      422      422
POST account_ask_for_link / valid        away     away     away     away     away     away     away
GET  account_link_sent                   200      200      200      200      200      200      200
POST account_link_sent                   405      405      405      405      405      405      405
GET  account_sign_in_by_link             404      404      404      404      404      404      404
POST account_sign_in_by_link             404      404      404      404      404      404      404
GET  account_register                    200      away     away     away     away     away     200
POST account_register                    422      away     away     away     away     away     422
POST account_register / valid            away     away     away     away     away     away     away
GET  account_registration_sent           200      200      200      200      200      200      200
POST account_registration_sent           405      405      405      405      405      405      405
GET  account_confirm_registration        404      404      404      404      404      404      404
POST account_confirm_registration        404      404      404      404      404      404      404
GET  account_invitation                  404      404      404      404      404      404      404
POST account_invitation                  404      404      404      404      404      404      404

GET  mfa_index                           sign-in  200      200      200      200      200      sign-in
POST mfa_index                           sign-in  405      405      405      405      405      sign-in
GET  mfa_authenticate                    sign-in  away     away     away     away     away     sign-in
POST mfa_authenticate                    sign-in  away     away     away     away     away     sign-in
GET  account_reauthenticate              sign-in  200      200      200      200      200      sign-in
POST account_reauthenticate              sign-in  422      422      422      422      422      sign-in
POST account_reauthenticate / valid      sign-in  away     away     away     away     away     sign-in
GET  mfa_reauthenticate                  sign-in  away     away     away     away     away     sign-in
POST mfa_reauthenticate                  sign-in  away     away     away     away     away     sign-in
GET  mfa_reauthenticate_webauthn         sign-in  away     away     away     away     away     sign-in
POST mfa_reauthenticate_webauthn         sign-in  away     away     away     away     away     sign-in
GET  mfa_activate_totp                   sign-in  away     away     away     away     away     sign-in
POST mfa_activate_totp                   sign-in  away     away     away     away     away     sign-in
GET  mfa_deactivate_totp                 sign-in  404      404      404      404      404      sign-in
POST mfa_deactivate_totp                 sign-in  404      404      404      404      404      sign-in
GET  mfa_login_webauthn                  sign-in  away     away     away     away     away     sign-in
POST mfa_login_webauthn                  sign-in  away     away     away     away     away     sign-in
GET  mfa_add_webauthn                    sign-in  away     away     away     away     away     sign-in
POST mfa_add_webauthn                    sign-in  away     away     away     away     away     sign-in
GET  mfa_edit_webauthn                   sign-in  away     away     away     away     away     sign-in
POST mfa_edit_webauthn                   sign-in  away     away     away     away     away     sign-in
GET  mfa_remove_webauthn                 sign-in  away     away     away     away     away     sign-in
POST mfa_remove_webauthn                 sign-in  away     away     away     away     away     sign-in
GET  mfa_view_recovery_codes             sign-in  404      404      404      404      404      sign-in
POST mfa_view_recovery_codes             sign-in  405      405      405      405      405      sign-in
GET  mfa_generate_recovery_codes         sign-in  away     away     away     away     away     sign-in
POST mfa_generate_recovery_codes         sign-in  away     away     away     away     away     sign-in
GET  account_sessions                    sign-in  200      200      200      200      200      sign-in
POST account_sessions                    sign-in  away     away     away     away     away     sign-in
GET  account_end_session                 sign-in  away     away     away     away     away     sign-in
POST account_end_session                 sign-in  404      404      404      404      404      sign-in

GET  portal:home                         200      200      200      200      200      200      200
POST portal:home                         405      405      405      405      405      405      405
GET  portal:new                          200      200      200      200      200      200      200
POST portal:new                          422      422      422      422      422      422      422
POST portal:new / valid                  away+    away+    away+    away+    away+    away+    away+
GET  portal:topic                        200      200      200      200      200      200      200
POST portal:topic                        405      405      405      405      405      405      405
GET  portal:check                        200      200      200      200      200      200      200
POST portal:check                        422      422      422      422      422      422      422
POST portal:check / valid                away     away     away     away     away     away     away
GET  portal:check_sent                   200      200      200      200      200      200      200
POST portal:check_sent                   405      405      405      405      405      405      405
GET  portal:sent                         200      200      200      200      200      200      200
POST portal:sent                         405      405      405      405      405      405      405
GET  portal:sent / forged                404      404      404      404      404      404      404
GET  portal:ticket                       200      200      200      200      200      200      200
POST portal:ticket                       405      405      405      405      405      405      405
GET  portal:ticket / forged              404      404      404      404      404      404      404
GET  portal:message                      away     away     away     away     away     away     away
POST portal:message                      422      422      422      422      422      422      422
POST portal:message / valid              away+    away+    away+    away+    away+    away+    away+
POST portal:message / forged             404      404      404      404      404      404      404
GET  portal:close                        away     away     away     away     away     away     away
POST portal:close                        409      409      409      409      409      409      409
POST portal:close / forged               404      404      404      404      404      404      404
GET  portal:add_person                   away     away     away     away     away     away     away
POST portal:add_person                   422      422      422      422      422      422      422
POST portal:add_person / valid           away+    away+    away+    away+    away+    away+    away+
POST portal:add_person / forged          404      404      404      404      404      404      404
GET  portal:remove_person                away     away     away     away     away     away     away
POST portal:remove_person                404      404      404      404      404      404      404
GET  portal:leave                        away     away     away     away     away     away     away
POST portal:leave                        409      409      409      409      409      409      409
POST portal:leave / forged               404      404      404      404      404      404      404
GET  portal:file                         404      404      404      404      404      404      404
POST portal:file                         405      405      405      405      405      405      405
GET  portal:file / reply                 200      200      200      200      200      200      200
GET  portal:file / reply forged          404      404      404      404      404      404      404

GET  portal:profile                      sign-in  200      away     away     away     200      sign-in
POST portal:profile                      sign-in  422      away     away     away     422      sign-in
POST portal:profile / valid              sign-in  away     away     away     away     409      sign-in
GET  portal:add_address                  sign-in  away     away     away     away     away     sign-in
POST portal:add_address                  sign-in  422      away     away     away     422      sign-in
POST portal:add_address / valid          sign-in  away     away     away     away     409      sign-in
GET  portal:confirm_own_address          sign-in  404      404      404      404      404      sign-in
POST portal:confirm_own_address          sign-in  404      404      404      404      404      sign-in
GET  portal:make_primary                 sign-in  away     away     away     away     away     sign-in
POST portal:make_primary                 sign-in  away     404      404      404      404      sign-in  | cleo=404 cora=404
GET  portal:remove_address               sign-in  away     away     away     away     away     sign-in
POST portal:remove_address               sign-in  away     404      404      404      404      sign-in  | cleo=404 cora=404
GET  portal:tickets                      sign-in  200      200      200      200      200      sign-in
POST portal:tickets                      sign-in  405      405      405      405      405      sign-in
GET  portal:shared_tickets               sign-in  200      200      200      200      200      sign-in
POST portal:shared_tickets               sign-in  405      405      405      405      405      sign-in
GET  portal:my_ticket                    sign-in  200      404      404      404      404      sign-in
POST portal:my_ticket                    sign-in  405      404      404      404      404      sign-in
GET  portal:my_message                   sign-in  away     404      404      404      404      sign-in
POST portal:my_message                   sign-in  422      404      404      404      404      sign-in
POST portal:my_message / valid           sign-in  away+    404      404      404      404      sign-in  | cora=409
GET  portal:my_close                     sign-in  away     404      404      404      404      sign-in
POST portal:my_close                     sign-in  409      404      404      404      404      sign-in
POST portal:my_close / resolved          sign-in  away+    404      404      404      404      sign-in  | cleo=409 cora=409
GET  portal:my_add_person                sign-in  away     404      404      404      404      sign-in
POST portal:my_add_person                sign-in  422      404      404      404      404      sign-in
POST portal:my_add_person / valid        sign-in  away+    404      404      404      404      sign-in  | cleo=409 cora=409
GET  portal:my_remove_person             sign-in  away     404      404      404      404      sign-in
POST portal:my_remove_person             sign-in  404      404      404      404      404      sign-in
GET  portal:my_leave                     sign-in  away     404      404      404      404      sign-in
POST portal:my_leave                     sign-in  409      404      404      404      404      sign-in  | cleo=away+
GET  portal:my_file                      sign-in  404      404      404      404      404      sign-in
POST portal:my_file                      sign-in  405      404      404      404      404      sign-in
GET  portal:my_file / reply              sign-in  200      404      404      404      404      sign-in

GET  desk:home                           sign-in  403      away     away     away     403      sign-in
POST desk:home                           sign-in  403      405      405      405      403      sign-in
GET  desk:alerts-off                     404      404      404      404      404      404      404
POST desk:alerts-off                     404      404      404      404      404      404      404
GET  desk:notices                        sign-in  403      200      200      200      403      sign-in
POST desk:notices                        sign-in  403      405      405      405      403      sign-in
GET  desk:notice-news                    sign-in  403      200      200      200      403      sign-in
POST desk:notice-news                    sign-in  403      405      405      405      403      sign-in
GET  desk:read-notices                   sign-in  403      405      405      405      403      sign-in
POST desk:read-notices                   sign-in  403      away     away     away     403      sign-in
GET  desk:settings                       sign-in  403      200      200      200      403      sign-in
POST desk:settings                       sign-in  403      422      422      422      403      sign-in
POST desk:settings / valid               sign-in  403      away     away     away     403      sign-in
GET  desk:agents                         sign-in  403      200      200      200      403      sign-in
POST desk:agents                         sign-in  403      405      405      405      403      sign-in
GET  reports:attainment                  sign-in  403      200      403      200      403      sign-in  | lou=403
POST reports:attainment                  sign-in  403      405      403      405      403      sign-in  | lou=403
GET  reports:attainment-csv              sign-in  403      200      403      200      403      sign-in  | lou=403
POST reports:attainment-csv              sign-in  403      405      403      405      403      sign-in  | lou=403
GET  reports:promises                    sign-in  403      200      403      200      403      sign-in  | lou=403
POST reports:promises                    sign-in  403      405      403      405      403      sign-in  | lou=403
GET  desk:new                            sign-in  403      200      403      200      403      sign-in
POST desk:new                            sign-in  403      422      403      422      403      sign-in
POST desk:new / valid                    sign-in  403      away+    403      away+    403      sign-in
GET  desk:queue                          sign-in  403      200      200      200      403      sign-in
POST desk:queue                          sign-in  403      405      405      405      403      sign-in
GET  desk:ticket                         sign-in  403      404      200      200      403      sign-in
POST desk:ticket                         sign-in  403      405      405      405      403      sign-in
GET  desk:history                        sign-in  403      404      200      200      403      sign-in
POST desk:history                        sign-in  403      405      405      405      403      sign-in
GET  desk:clocks                         sign-in  403      404      200      200      403      sign-in
POST desk:clocks                         sign-in  403      405      405      405      403      sign-in
GET  desk:reply                          sign-in  403      away     away     away     403      sign-in
POST desk:reply                          sign-in  403      404      422      422      403      sign-in
POST desk:reply / valid                  sign-in  403      404      422      away+    403      sign-in
GET  desk:note                           sign-in  403      away     away     away     403      sign-in
POST desk:note                           sign-in  403      404      422      422      403      sign-in
POST desk:note / valid                   sign-in  403      404      422      away+    403      sign-in  | ruth=away+
GET  desk:upload                         sign-in  403      404      404      404      403      sign-in
POST desk:upload                         sign-in  403      404      403      422      403      sign-in  | ruth=422
POST desk:upload / valid                 sign-in  403      404      403      201      403      sign-in  | ruth=201
GET  desk:quote                          sign-in  403      404      200      200      403      sign-in
POST desk:quote                          sign-in  403      405      405      405      403      sign-in
GET  desk:assign                         sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:assign                         sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:assign / valid                 sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:claim                          sign-in  403      away     away     away     403      sign-in
POST desk:claim                          sign-in  403      404      away     away+    403      sign-in  | otto=away
GET  desk:release                        sign-in  403      away     away     away     403      sign-in
POST desk:release                        sign-in  403      404      away     away     403      sign-in  | otto=away+ tina=away+
POST desk:release / assigned             sign-in  403      404      away     away+    403      sign-in
GET  desk:transfer                       sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:transfer                       sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:transfer / valid               sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:canned                         sign-in  403      404      200      200      403      sign-in
POST desk:canned                         sign-in  403      405      405      405      403      sign-in
GET  desk:canned-response                sign-in  403      404      200      200      403      sign-in
POST desk:canned-response                sign-in  403      405      405      405      403      sign-in
GET  desk:mail                        sign-in  403      404      200      200      403      sign-in
POST desk:mail                        sign-in  403      405      405      405      403      sign-in
GET  desk:mail-file                   sign-in  403      404      200      200      403      sign-in
POST desk:mail-file                   sign-in  403      405      405      405      403      sign-in
GET  desk:mail-html                   sign-in  403      404      200      200      403      sign-in
POST desk:mail-html                   sign-in  403      405      405      405      403      sign-in
GET  desk:delivery                    sign-in  403      404      away     away     403      sign-in
POST desk:delivery                    sign-in  403      405      405      405      403      sign-in
GET  desk:resend                      sign-in  403      404      403      200      403      sign-in
POST desk:resend                      sign-in  403      404      403      422      403      sign-in
POST desk:resend / valid              sign-in  403      404      403      422      403      sign-in
GET  desk:retry-mail                  sign-in  403      away     away     away     403      sign-in
POST desk:retry-mail                  sign-in  403      404      404      404      403      sign-in
GET  desk:clear-bounce                sign-in  403      away     away     away     403      sign-in
POST desk:clear-bounce                sign-in  403      404      404      404      403      sign-in
GET  desk:held-send                    sign-in  403      away     away     away     403      sign-in
POST desk:held-send                    sign-in  403      404      away     away     403      sign-in
GET  desk:held-undo                    sign-in  403      away     away     away     403      sign-in
POST desk:held-undo                    sign-in  403      404      away     away     403      sign-in
GET  desk:held-cancel                  sign-in  403      away     away     away     403      sign-in
POST desk:held-cancel                  sign-in  403      404      away     away     403      sign-in
GET  desk:held-discard                 sign-in  403      away     away     away     403      sign-in
POST desk:held-discard                 sign-in  403      404      away     away     403      sign-in
GET  desk:move-entry                  sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:move-entry                  sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:move-entry / valid          sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:refer                          sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:refer                          sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:refer / valid                  sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:priority                       sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:priority                       sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:priority / valid               sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:topic                          sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:topic                          sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:topic / valid                  sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:plan                           sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:plan                           sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:plan / valid                   sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:source                         sign-in  403      404      403      200      403      sign-in  | lou=403
POST desk:source                         sign-in  403      404      403      422      403      sign-in  | lou=403
POST desk:source / valid                 sign-in  403      404      403      away+    403      sign-in  | lou=403
GET  desk:due-date                       sign-in  403      404      403      200      403      sign-in
POST desk:due-date                       sign-in  403      404      403      422      403      sign-in
POST desk:due-date / valid               sign-in  403      404      403      away+    403      sign-in
GET  desk:remove-due-date                sign-in  403      away     away     away     403      sign-in
POST desk:remove-due-date                sign-in  403      404      away     away     403      sign-in
GET  desk:snooze                         sign-in  403      404      403      200      403      sign-in
POST desk:snooze                         sign-in  403      404      403      422      403      sign-in
POST desk:snooze / valid                 sign-in  403      404      403      away+    403      sign-in
GET  desk:wake                           sign-in  403      away     away     away     403      sign-in
POST desk:wake                           sign-in  403      404      away     away     403      sign-in
GET  desk:await-third-party              sign-in  403      away     away     away     403      sign-in
POST desk:await-third-party              sign-in  403      404      away     away+    403      sign-in
GET  desk:stop-waiting                   sign-in  403      away     away     away     403      sign-in
POST desk:stop-waiting                   sign-in  403      404      away     away+    403      sign-in
GET  desk:resolve                        sign-in  403      404      403      200      403      sign-in
POST desk:resolve                        sign-in  403      404      403      away+    403      sign-in
GET  desk:close                          sign-in  403      404      403      200      403      sign-in  | eve=403 lou=403
POST desk:close                          sign-in  403      404      403      422      403      sign-in  | eve=403 lou=403
POST desk:close / valid                  sign-in  403      404      403      away+    403      sign-in  | eve=403 lou=403
GET  desk:reopen                         sign-in  403      away     away     away     403      sign-in
POST desk:reopen                         sign-in  403      404      away     away     403      sign-in
POST desk:reopen / resolved              sign-in  403      404      away     away+    403      sign-in
GET  desk:remove-referral                sign-in  403      away     away     away     403      sign-in
POST desk:remove-referral                sign-in  403      404      404      404      403      sign-in
POST desk:remove-referral / valid        sign-in  403      404      away     away+    403      sign-in  | lou=away
GET  desk:add-collaborator               sign-in  403      404      403      200      403      sign-in
POST desk:add-collaborator               sign-in  403      404      403      422      403      sign-in
POST desk:add-collaborator / valid       sign-in  403      404      403      away+    403      sign-in
GET  desk:remove-collaborator            sign-in  403      away     away     away     403      sign-in
POST desk:remove-collaborator            sign-in  403      404      404      404      403      sign-in
GET  desk:undo                           sign-in  403      away     away     away     403      sign-in
POST desk:undo                           sign-in  403      404      404      404      403      sign-in
GET  desk:file                           sign-in  403      404      200      200      403      sign-in
POST desk:file                           sign-in  403      405      405      405      403      sign-in
GET  desk:file / reply                   sign-in  403      404      200      200      403      sign-in

GET  desk:people                         sign-in  403      200      200      200      403      sign-in
POST desk:people                         sign-in  403      405      405      405      403      sign-in
GET  desk:person-add                     sign-in  403      200      403      200      403      sign-in | lou=403
POST desk:person-add                     sign-in  403      422      403      422      403      sign-in | lou=403
POST desk:person-add / valid             sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:people-export                  sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:people-export                  sign-in  403      200      403      200      403      sign-in | lou=403
GET  desk:person                         sign-in  403      200      200      200      403      sign-in
POST desk:person                         sign-in  403      405      405      405      403      sign-in
GET  desk:person-edit                    sign-in  403      200      403      200      403      sign-in | lou=403
POST desk:person-edit                    sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-lock                    sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-lock                    sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-unlock                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-unlock                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-invite                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-invite                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-password                sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-password                sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-revoke                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-revoke                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-note                    sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:person-note                    sign-in  403      422      403      422      403      sign-in | lou=403
POST desk:person-note / valid            sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-note-delete             sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:person-note-delete             sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-address                 sign-in  403      200      403      200      403      sign-in | lou=403
POST desk:person-address                 sign-in  403      422      403      422      403      sign-in | lou=403
POST desk:person-address / valid         sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-address-primary         sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:person-address-primary         sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-address-confirm         sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:person-address-confirm         sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-address-clear           sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:person-address-clear           sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-address-remove          sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:person-address-remove          sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:person-delete                  sign-in  403      200      403      200      403      sign-in | eve=403 lou=403
POST desk:person-delete                  sign-in  403      405      403      405      403      sign-in | eve=403 lou=403
GET  desk:person-hand-over               sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-hand-over               sign-in  403      422      403      422      403      sign-in | eve=403 lou=403
POST desk:person-hand-over / valid       sign-in  403      away+    403      away+    403      sign-in | eve=403 lou=403
GET  desk:person-merge                   sign-in  403      200      403      200      403      sign-in | eve=403 lou=403
POST desk:person-merge                   sign-in  403      422      403      422      403      sign-in | eve=403 lou=403
POST desk:person-merge / valid           sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-merge-with              sign-in  403      200      403      200      403      sign-in | eve=403 lou=403
POST desk:person-merge-with              sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-anonymise               sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-anonymise               sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-erase                   sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-erase                   sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:person-redact                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:person-redact                  sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:canned-responses               sign-in  403      200      403      200      403      sign-in  | olaf=200 ruth=403 eve=403 lou=403
POST desk:canned-responses               sign-in  403      405      403      405      403      sign-in  | eve=403 lou=403
GET  desk:canned-add                     sign-in  403      200      403      200      403      sign-in  | eve=403 lou=403
POST desk:canned-add                     sign-in  403      422      403      422      403      sign-in  | eve=403 lou=403
POST desk:canned-add / valid             sign-in  403      422      403      away     403      sign-in  | olaf=away eve=403 lou=403 mona=422
GET  desk:canned-upload                  sign-in  403      405      403      405      403      sign-in  | eve=403 lou=403
POST desk:canned-upload                  sign-in  403      422      403      422      403      sign-in  | eve=403 lou=403
POST desk:canned-upload / valid          sign-in  403      201      403      201      403      sign-in  | eve=403 lou=403
GET  desk:canned-edit                    sign-in  403      404      403      200      403      sign-in  | olaf=200 eve=403 lou=403 mona=404
POST desk:canned-edit                    sign-in  403      404      403      422      403      sign-in  | olaf=422 eve=403 lou=403 mona=404
POST desk:canned-edit / valid            sign-in  403      404      403      away     403      sign-in  | olaf=away eve=403 lou=403 mona=404
GET  desk:canned-archive                 sign-in  403      away     403      away     403      sign-in  | eve=403 lou=403
POST desk:canned-archive                 sign-in  403      404      403      away     403      sign-in  | olaf=away eve=403 lou=403 mona=404
GET  desk:canned-restore                 sign-in  403      away     403      away     403      sign-in  | eve=403 lou=403
POST desk:canned-restore                 sign-in  403      404      403      away     403      sign-in  | olaf=away eve=403 lou=403 mona=404
GET  desk:organizations                  sign-in  403      200      200      200      403      sign-in
POST desk:organizations                  sign-in  403      405      405      405      403      sign-in
GET  desk:organization-add               sign-in  403      200      403      200      403      sign-in | lou=403
POST desk:organization-add               sign-in  403      422      403      422      403      sign-in | lou=403
POST desk:organization-add / valid       sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:organization                   sign-in  403      200      200      200      403      sign-in
POST desk:organization                   sign-in  403      405      405      405      403      sign-in
GET  desk:organization-edit              sign-in  403      200      403      200      403      sign-in | lou=403
POST desk:organization-edit              sign-in  403      422      403      422      403      sign-in | lou=403
POST desk:organization-edit / valid      sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:organization-archive           sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:organization-archive           sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:organization-restore           sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:organization-restore           sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:organization-delete            sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
POST desk:organization-delete            sign-in  403      away     403      away     403      sign-in | eve=403 lou=403
GET  desk:organization-note              sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:organization-note              sign-in  403      422      403      422      403      sign-in | lou=403
POST desk:organization-note / valid      sign-in  403      away     403      away     403      sign-in | lou=403
GET  desk:organization-note-delete       sign-in  403      away     403      away     403      sign-in | lou=403
POST desk:organization-note-delete       sign-in  403      404      403      404      403      sign-in | lou=403
GET  pages:page                          200      200      200      200      200      200      200
POST pages:page                          405      405      405      405      405      405      405
GET  pages:picture                       200      200      200      200      200      200      200
POST pages:picture                       405      405      405      405      405      405      405
GET  account_registered                  away     away     away     away     away     away     away
POST account_registered                  405      405      405      405      405      405      405
"""  # noqa: E501 - a row is a line
# The admin has one rule for all of it: only administrators enter.


def read_table(text: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return (method, route, what is asked for) → role → answer."""
    table = {}
    for line in text.strip("\n").splitlines()[1:]:
        if not line.strip():
            continue
        row, _bar, exceptions = line.partition(" | ")
        method, name, variant, answers = re.fullmatch(
            r"(\w+) +(\S+)(?: / ([a-z]+(?: [a-z]+)*))? {2,}(.+)", row
        ).groups()
        given = dict(zip(COLUMNS, answers.split(), strict=True))
        given |= dict(each.split("=") for each in exceptions.split())
        assert given.keys() <= set(ROLES), line
        given.setdefault("watch", "403" if method == "POST" else given["vera" if "desk:" in name else "rosa"])
        table[method, name, variant or ""] = {role: _answer_for(role, given) for role in ROLES}
    return table


def _answer_for(role: str, given: dict[str, str]) -> str:
    while role not in given:
        role = FOLLOWS[role]
    return given[role]


ROWS = read_table(TABLE)
ROUTES = {route.name: route for route in routes()}
# In what Ada wrote, and so on every page that shows the ticket.
SECRET = "The invoice of October is wrong"


def is_admins(route: Route) -> bool:
    return route.pattern.startswith("admin/")


def may_read(role: str, route: Route) -> bool:
    face = "admin:" if is_admins(route) else f"{route.name.partition(':')[0]}:"
    return bool({role, "*"} & READERS.get(face, set()))


METHODS = ("GET", "POST")

# In the ordinary run the roles of a group speak for each other where the table gives them the same answer; with --long
# everybody is asked everything. At the desk it matters how far an agent's rights go, elsewhere only that it is one.
OUTSIDE, SIGNED_IN = ("nobody", "gone"), ("ada", "cleo", "cora", "rosa")
GROUPS_AT_DESK = (
    OUTSIDE,
    SIGNED_IN,
    ("linus", "olaf"),
    ("vera", "ruth"),
    ("grace", "eve", "mona", "otto", "lou", "tina"),
)
GROUPS_ELSEWHERE = (OUTSIDE, SIGNED_IN, sum(GROUPS_AT_DESK[2:], ()))
# Here everybody is asked in every run: these two show the ticket itself.
THE_TICKET = {("GET", "desk:ticket", ""), ("GET", "portal:ticket", "")}


def compare_with_table(found: list[Route]) -> tuple[set[str], set[str]]:
    """Return the addresses that the table does not know, and those that it knows and that are no more."""
    known = {f"{method} {name}" for method, name, variant in ROWS if not variant}
    there = {f"{method} {route.name}" for route in found if not is_admins(route) for method in METHODS}
    return there - known, known - there


def test_the_table_knows_every_address():
    assert compare_with_table(routes()) == (set(), set())


def test_every_form_is_sent_filled_in_too():
    """Who is kept from sending an empty form may not be kept from sending a full one."""
    refused = {name for (method, name, _variant), row in ROWS.items() if method == "POST" and "422" in row.values()}

    assert refused - {name for _method, name, variant in ROWS if variant == "valid"} == set()
    assert {name for _method, name, variant in ROWS if variant == "valid"} == BODIES.keys()


@pytest.fixture(autouse=True)
def _answers_at_once(monkeypatch):
    """Some answers take their time on purpose, so that it tells nothing."""
    monkeypatch.setattr("portal.pace.ANSWER_AFTER", timedelta(0))
    monkeypatch.setattr("accounts.views.pages.ANSWER_AFTER_SECONDS", 0)


@pytest.mark.once
@pytest.mark.django_db
def test_everybody_gets_the_answer_of_the_table(world, subtests, long_run):
    readers = set()
    for row, expected in ROWS.items():
        method, name, variant = row
        route = ROUTES[name]
        with subtests.test(" ".join(row)):
            roles = ROLES if long_run or row in THE_TICKET else telling(row, expected)
            answers = {role: ask(world, role, method, route, variant) for role in roles}
            assert {role: answer.word for role, answer in answers.items()} == {role: expected[role] for role in roles}
            told = {role for role, answer in answers.items() if answer.tells}
            assert {role for role in told if not may_read(role, route)} == set()
            readers |= {(role, name.partition(":")[0] + ":") for role in told}
    # So that the search says something: who may read the ticket did come upon its words. Reports show this month's.
    asked = {face: roles for face, roles in READERS.items() if face not in {"admin:", "reports:"}}
    wanted = {face: COLUMNS if "*" in roles else roles for face, roles in asked.items()}
    assert readers >= {(role, face) for face, roles in wanted.items() for role in roles}


def telling(row: tuple[str, str, str], expected: dict[str, str]) -> list[str]:
    """Return whom to ask: of each group and each answer in it somebody, who it is changing from row to row.

    Whoever answers differently from those they follow is asked by name, and Watch whenever something is sent.
    """
    method, name, _variant = row
    found = [role for role, leader in FOLLOWS.items() if expected[role] != expected[leader]]
    for group in GROUPS_AT_DESK if name.startswith("desk:") else GROUPS_ELSEWHERE:
        for answer in sorted({expected[role] for role in group}):
            same = [role for role in group if expected[role] == answer]
            if not set(same) & set(found):
                found.append(one_of(same, " ".join(row)))
    return (
        [*found, "watch"] if method == "POST" or expected["watch"] not in {expected[role] for role in found} else found
    )


def one_of(roles: Sequence[str], row: str) -> str:
    """Return one of the roles, for this row always the same."""
    return roles[crc32(row.encode()) % len(roles)]


def test_the_sample_has_every_answer_of_every_row_and_asks_everybody_somewhere():
    asked = {row: telling(row, expected) for row, expected in ROWS.items()}

    for row, expected in ROWS.items():
        assert {expected[role] for role in asked[row]} == set(expected.values()), row
    for face in ("desk:", "portal:"):
        assert {role for row, roles in asked.items() if row[1].startswith(face) for role in roles} == set(ROLES)


@pytest.mark.once
@pytest.mark.django_db
def test_only_administrators_enter_the_admin(world, subtests, long_run):
    inside = set()
    for name, route in ROUTES.items():
        if not is_admins(route):
            continue
        for method in METHODS:
            with subtests.test(row := f"{method} {name}"):
                kept_out = OUTSIDE, ("ada", "grace", "mona")
                for role in sum(kept_out, ()) if long_run else [one_of(roles, row) for roles in kept_out]:
                    answer = ask(world, role, method, route, "")
                    assert answer.word in {"sign-in", "403", "404", "away"}, role
                    assert not answer.tells, role
                inside.add(ask(world, "rosa", method, route, "").word)
                if method == "POST" and name != "rights:end-viewing":
                    assert ask(world, "watch", method, route, "").word == "403"
    # So that the walk says something: she does come in.
    assert "200" in inside
    assert inside <= {"200", "403", "404", "405", "422", "away"}


@dataclass(frozen=True)
class Answer:
    """What came back, in the words of the table, and whether the ticket's own words were in it."""

    word: str
    tells: bool


def ask(world: World, role: str, method: str, route: Route, variant: str) -> Answer:
    """Ask once, as `role`, and undo everything."""
    given: dict[str, object] = {}
    if "reply" in variant:
        given["pk"] = world.reply_file.pk
    if "forged" in variant:
        given["token"] = given["signed"] = "WzEsMSwwXQ:1xUfIp:B28ArXRnjbPvdNbYpUYx4fBomp2m1NKExm25aJSKvZs"
    if route.name == "account_end_session":
        # Nobody's: a small number is, now and then, that of the visitor's own session.
        given["pk"] = 10**9
    client, url = world.client(role), world.url(route, **given)
    with transaction.atomic():
        bring_to(world, role, variant)
        before = TicketEvent.objects.count()
        if method == "GET":
            response = client.get(url)
        else:
            # As after a look at the page: a button that was seen with everything there is.
            body = BODIES[route.name](world) if variant == "valid" else {}
            response = client.post(url, {"seen": before + 1, **body})
        happened = "+" if TicketEvent.objects.count() > before else ""
        content = b"" if response.streaming else response.content
        transaction.set_rollback(True)
    return Answer(in_words(response) + happened, SECRET.encode() in content)


def bring_to(world: World, role: str, variant: str) -> None:
    """Let the ticket be as the row says, and with who is to have it."""
    people, ticket = world.people, Ticket.objects.filter(pk=world.ticket.pk)
    held = {"otto": {"assignee": people["otto"]}, "tina": {"team": Team.objects.get(members=people["tina"])}}
    if role in held:
        ticket.update(status=Status.ASSIGNED, **held[role])
    elif variant == "assigned":
        ticket.update(status=Status.ASSIGNED, assignee=people["grace"])
    if variant == "resolved":
        ticket.update(status=Status.RESOLVED, resolved_at=now())


def in_words(response: HttpResponseBase) -> str:
    if response.status_code not in {301, 302, 303, 307, 308}:
        return str(response.status_code)
    return "sign-in" if response["Location"].startswith("/accounts/login/") else "away"


# --- The tests of these tests ---------------------------------------------------------------------


def careless(request: HttpRequest, number: str) -> HttpResponse:
    """A view as it should never be: the ticket by its number, for whoever asks."""
    return HttpResponse(Ticket.objects.get(number=number).subject)


careless_urls = ModuleType("careless_urls")
careless_urls.urlpatterns = [path("desk/tickets/<str:number>/all/", careless, name="careless"), *urls.urlpatterns]


def test_a_new_address_would_be_unknown(monkeypatch, settings):
    monkeypatch.setitem(sys.modules, "careless_urls", careless_urls)
    settings.ROOT_URLCONF = "careless_urls"

    unknown, gone = compare_with_table(routes())

    assert unknown == {"GET careless", "POST careless"}
    assert not gone


def test_a_careless_view_would_not_answer_as_the_table_says(world, monkeypatch, settings):
    monkeypatch.setitem(sys.modules, "careless_urls", careless_urls)
    settings.ROOT_URLCONF = "careless_urls"
    (route,) = (route for route in routes() if route.name == "careless")

    answers = {role: ask(world, role, "GET", route, "") for role in ROLES}

    assert {role: answer.word for role, answer in answers.items()} != ROWS["GET", "desk:ticket", ""]
    assert answers["linus"] == answers["nobody"] == Answer("200", tells=True)
    assert not may_read("linus", ROUTES["desk:ticket"])
