"""The schemas of Apprise's URLs: which the bridge speaks, and which it refuses. Data of one version of Apprise."""

from collections.abc import Mapping

VERSION = "2.3.0"
# Services that have a kind of their own.
OWN_KINDS: Mapping[str, str] = {
    "discord": "discord",
    "form": "webhook",
    "forms": "webhook",
    "gchat": "google_chat",
    "gotify": "gotify",
    "gotifys": "gotify",
    "json": "webhook",
    "jsons": "webhook",
    "mailto": "email",
    "mailtos": "email",
    "mmost": "mattermost",
    "mmosts": "mattermost",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "pagerduty": "pagerduty",
    "pover": "pushover",
    "slack": "slack",
    "sns": "sns",
    "tgram": "telegram",
    "workflow": "teams",
    "workflows": "teams",
    "xml": "webhook",
    "xmls": "webhook",
}
# Apprise ends an alert there only in the process that opened it: elsewhere, it would send no RECOVERY, and say it did.
FORGETFUL = frozenset({"jira", "opsgenie"})
# Incident services, each with the attribute of its plugin that holds the incident's key.
INCIDENT_KEYS: Mapping[str, str] = {
    "firehydrant": "dedup",
    "goalert": "dedup",
    "goalerts": "dedup",
    "ilert": "dedup",
    "incidentio": "dedup",
    "opsimate": "dedup",
    "opsimates": "dedup",
    "pagertree": "thirdparty",
    "signl4": "external_id",
    "splunk": "entity_id",
    "squadcast": "dedup",
    "victorops": "entity_id",
}
# Those whose every message opens an incident of its own, unless the URL has an ``action``.
OPENING_ONLY = frozenset({"pagertree", "signl4"})
# Services that a plugin sends to over a WebSocket of its own, of which we would not know how it went.
OVER_WEBSOCKETS = frozenset({"nostr"})
# Services that hand out tokens which Apprise keeps in a file, or here only as long as the process lasts.
WITH_TOKENS = frozenset(
    ("azure", "bluesky", "bsky", "kakao", "kakaotalk", "matrix", "matrixs", "o365", "reddit", "tweet", "twitter", "x")
)
# Services to which a plugin logs in before it sends.
WITH_LOGIN = WITH_TOKENS | {"fcm"}
# Every other schema over HTTP, with the module of its plugin if that has another name. A test compares it to Apprise.
_OTHERS = """
46elks=fortysixelks acs apprise=apprise_api apprises=apprise_api atalk=africas_talking awswhatsapp azure=office365
bale bark barks=bark betterstack bluesky brevo bsky=bluesky bulksms bulkvs burstsms chanify clickatell clicksend
cliq cm d7sms=d7networks dapnet dingtalk dot eight00com elks=fortysixelks emby embys=emby enigma2 enigma2s=enigma2
evolution evolutions=evolution exotel fcm feishu firehydrant flock flowtriq flowtriqs=flowtriq fluxer fluxers=fluxer
freemobile github goalert goalerts=goalert gorush gorushs=gorush groundmail groupme guilded gupshup
hassio=home_assistant hassios=home_assistant httpsms humhub humhubs=humhub ifttt ilert incidentio infobip instagram
jellyfin jellyfins=jellyfin join kakao=kakaotalk kakaotalk kaleyra kavenegar klr=kaleyra kodi kodis=kodi kook
kudosity=burstsms kumulos lametric lametrics=lametric lark lauther lfg=lfgalarm line mailersend mailgun mastodon
mastodons=mastodon matrix=matrix.base matrixs=matrix.base misskey misskeys=misskey mobilemessage
mobilemsg=mobilemessage msg91 msgbird=messagebird ncloud=nextcloud nclouds=nextcloud nctalk=nextcloudtalk
nctalks=nextcloudtalk nexmo=vonage notica noticas=notica notifiarr notifico notificos=notifico
notifyapp notifyre o365=office365 octopush onebot onebots=onebot onesignal=one_signal opsimate opsimates=opsimate
pagertree parsep=parseplatform parseps=parseplatform pbul=pushbullet pinglet pinglets=pinglet pingram pjet=pushjet
pjets=pushjet plivo postmark prowl psafer=pushsafer psafers=pushsafer push=techuluspush pushdeer pushdeers=pushdeer
pushed pushme pushplus pushward pushy qq reddit resend revolt ringc=ringcentral rocket=rocketchat rockets=rocketchat
ryver schan=serverchan sendgrid sendpulse serwersms ses session=sogs sessions=sogs seven sfr signal=signal_api
signalgrid signals=signal_api signl4 simplepush sinch smsc smseagle smseagles=smseagle smsmanager smsmgr=smsmanager
smstunnel smtp2go sogs sparkpost spike splunk spugpush spush=simplepush squadcast stackfield strmlabs=streamlabs
synology synologys=synology telesign telnyx threema toot=mastodon toots=mastodon trigv trigvs=trigv tweet=twitter
twilio twist twitter vapid viber victorops=splunk voipms vonage webex=webexteams wechat wecom=pushplus wecombot
whapi whatsapp wpush wxpusher wxteams=webexteams x=twitter xbmc=kodi xbmcs=kodi xmatters youlmk zalo zcliq=cliq
zohocliq=cliq zoom zulip
"""


def modules() -> dict[str, str]:
    """The plugin's module of each schema that the bridge speaks."""
    pairs = (entry.partition("=") for entry in _OTHERS.split())
    return {schema: module or schema for schema, _, module in pairs}
