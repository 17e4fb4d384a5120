"""The report as one page of HTML that needs nothing else: what stands where, what it covers, each detection with all that is known."""

from deployer.report.page.clusters import DEPLOYS
from deployer.report.page.given import Given, read_given
from deployer.report.page.looked import Looked, Place
from deployer.report.page.page import Asked, page_html

__all__ = ["DEPLOYS", "Asked", "Given", "Looked", "Place", "page_html", "read_given"]
