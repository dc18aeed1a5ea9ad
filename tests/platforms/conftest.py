"""What the tests of all platforms share."""

from tests.support.patience import be_patient

be_patient()
