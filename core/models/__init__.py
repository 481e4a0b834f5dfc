"""What every floor above stands on: site settings, files, and the rows of waiting work."""

from core.models.files import Blob, NewFile
from core.models.settings import Numbering, SiteSettings
from core.models.work import Lease, PeriodicJob, Waiting

__all__ = ["Blob", "Lease", "NewFile", "Numbering", "PeriodicJob", "SiteSettings", "Waiting"]
