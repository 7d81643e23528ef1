"""People, vendors, dimensions and the audit history: field metadata as data.

Field names and kinds are those the gateway's `lookup` publishes; the labels and the choice of
fields are this project's own. Status codes T and F are what readByQuery takes.
"""

from __future__ import annotations

from .fields import object_type

_STATUS = "STATUS TEXT - Status {active=T; inactive=F}"
_AUDIT = """
    WHENCREATED        TIMESTAMP  r   Entered at
    WHENMODIFIED       TIMESTAMP  r   Changed at
    CREATEDBY          INTEGER    r   Entered by
    MODIFIEDBY         INTEGER    r   Changed by
"""
_ENTITY = """
    MEGAENTITYKEY      INTEGER    r   Entity's record number
    MEGAENTITYID       TEXT       r   Entity
    MEGAENTITYNAME     TEXT       r   Entity's name
    RECORD_URL         TEXT       r   Link
"""


def _contact(prefix: str) -> str:
    return f"""
    {prefix}CONTACTNAME  TEXT  -   Contact
    {prefix}COMPANYNAME  TEXT  -   Company
    {prefix}PREFIX       TEXT  -   Title
    {prefix}FIRSTNAME    TEXT  -   First name
    {prefix}LASTNAME     TEXT  -   Last name
    {prefix}INITIAL      TEXT  -   Initial
    {prefix}PRINTAS      TEXT  -   Print as
    {prefix}PHONE1       TEXT  -   Phone
    {prefix}PHONE2       TEXT  -   Second phone
    {prefix}CELLPHONE    TEXT  -   Mobile phone
    {prefix}PAGER        TEXT  -   Pager
    {prefix}FAX          TEXT  -   Fax
    {prefix}EMAIL1       TEXT  -   Mail
    {prefix}EMAIL2       TEXT  -   Second mail
    {prefix}URL1         TEXT  -   Page
    {prefix}URL2         TEXT  -   Second page
    {prefix}MAILADDRESS.ADDRESS1     TEXT  -   Street
    {prefix}MAILADDRESS.ADDRESS2     TEXT  -   Street, second line
    {prefix}MAILADDRESS.CITY         TEXT  -   City
    {prefix}MAILADDRESS.STATE        TEXT  -   State or province
    {prefix}MAILADDRESS.ZIP          TEXT  -   Postal code
    {prefix}MAILADDRESS.COUNTRY      TEXT  -   Country
    {prefix}MAILADDRESS.COUNTRYCODE  TEXT  -   Country code
    """.strip()


VENDOR = object_type(
    "VENDOR",
    "Vendor",
    "VENDORID",
    f"""
    RECORDNO           INTEGER    r   Record number
    VENDORID           TEXT       q   Vendor
    NAME               TEXT       q   Name
    PARENTKEY          INTEGER    r   Parent's record number
    PARENTID           TEXT       -   Parent
    PARENTNAME         TEXT       r   Parent's name
    {_contact("DISPLAYCONTACT.")}
    VENDORACCOUNTNO    TEXT       -   Our account there
    VENDTYPE           TEXT       -   Type
    ACCOUNTLABEL       TEXT       -   Account label
    APACCOUNT          TEXT       -   Payables account
    APACCOUNTTITLE     TEXT       r   Payables account's title
    CURRENCY           TEXT       -   Currency
    CREDITLIMIT        DECIMAL    -   Credit limit
    TOTALDUE           DECIMAL    r   Due
    TERMNAME           TEXT       -   Payment term
    PAYMETHODKEY       TEXT       -   Payment method
    PAYMENTNOTIFY      BOOLEAN    -   Notify of payments {{true; false}}
    BILLAPPROVERID     TEXT       -   Bill approver
    ONHOLD             BOOLEAN    -   On hold {{true; false}}
    OBJECTRESTRICTION  TEXT       -   Restriction
    STATE              TEXT       r   Approval {{S; A; R}}
    STATUS             TEXT       -   Status {{active=T; active non-posting=N; inactive=F}}
    {_AUDIT.strip()}
    {_ENTITY.strip()}
    """,
    """
    PARENT              VENDOR     PARENTID      VENDORID
    DISPLAYCONTACT      CONTACT    DISPLAYCONTACT.CONTACTNAME  CONTACTNAME
    APACCOUNT           GLACCOUNT  APACCOUNT     ACCOUNTNO
    USERINFOCREATEDBY   USERINFO   CREATEDBY     RECORDNO
    MELOCATION          LOCATION   MEGAENTITYID  LOCATIONID
    """,
    "RECORDNO< WHENMODIFIED<",
)

USERINFO = object_type(
    "USERINFO",
    "User",
    "LOGINID",
    f"""
    RECORDNO           INTEGER    r   Record number
    LOGINID            TEXT       q   Login
    DESCRIPTION        TEXT       -   Name
    EMAIL              TEXT       -   Mail
    {_contact("CONTACTINFO.")}
    ADMIN              TEXT       -   Administrator {{false; true; Full}}
    USERTYPE           TEXT       -   Type
    STATUS             TEXT       -   Status {{active=T; inactive=F; lockedout=L}}
    UNRESTRICTED       BOOLEAN    -   Sees all entities {{true; false}}
    LOGINDISABLED      BOOLEAN    -   Login disabled {{true; false}}
    {_AUDIT.strip()}
    {_ENTITY.strip()}
    """,
    """
    CONTACT             CONTACT   CONTACTINFO.CONTACTNAME  CONTACTNAME  ONE2ONE
    USERINFOCREATEDBY   USERINFO  CREATEDBY                RECORDNO
    MELOCATION          LOCATION  MEGAENTITYID             LOCATIONID
    """,
    "RECORDNO< WHENMODIFIED<",
)

EMPLOYEE = object_type(
    "EMPLOYEE",
    "Employee",
    "EMPLOYEEID",
    f"""
    RECORDNO           INTEGER    r   Record number
    EMPLOYEEID         TEXT       q   Employee
    TITLE              TEXT       -   Title
    DEPARTMENTID       TEXT       -   Department
    LOCATIONID         TEXT       -   Location
    SUPERVISORID       TEXT       -   Manager
    SUPERVISORNAME     TEXT       r   Manager's name
    {_contact("PERSONALINFO.")}
    SSN                TEXT       -   Social security number
    BIRTHDATE          DATE       -   Birth date
    GENDER             TEXT       -   Gender
    EMPLOYEETYPE       TEXT       -   Type
    EMPLOYEETYPE1099TYPE TEXT     r   Type's 1099 form
    TERMINATIONTYPE    TEXT       -   Kind of leaving
    PAYMETHODKEY       TEXT       -   Payment method
    CONTACTKEY         INTEGER    r   Contact's record number
    STARTDATE          DATE       -   Since
    ENDDATE            DATE       -   Until
    CURRENCY           TEXT       -   Currency
    {_STATUS}
    {_AUDIT.strip()}
    {_ENTITY.strip()}
    """,
    """
    DEPARTMENT          DEPARTMENT  DEPARTMENTID  DEPARTMENTID
    LOCATION            LOCATION    LOCATIONID    LOCATIONID
    MANAGER             EMPLOYEE    SUPERVISORID  EMPLOYEEID
    CONTACT             CONTACT     PERSONALINFO.CONTACTNAME  CONTACTNAME
    """,
    "RECORDNO<",
)

CONTACT = object_type(
    "CONTACT",
    "Contact",
    "CONTACTNAME",
    f"""
    RECORDNO           INTEGER    r   Record number
    {_contact("")}
    {_STATUS}
    {_AUDIT.strip()}
    {_ENTITY.strip()}
    """,
    "",
    "RECORDNO<",
)

DEPARTMENT = object_type(
    "DEPARTMENT",
    "Department",
    "DEPARTMENTID",
    f"""
    RECORDNO           INTEGER    r   Record number
    DEPARTMENTID       TEXT       q   Department
    TITLE              TEXT       q   Name
    PARENTKEY          INTEGER    r   Parent's record number
    PARENTID           TEXT       -   Parent
    SUPERVISORID       TEXT       -   Manager
    SUPERVISORNAME     TEXT       r   Manager's name
    CUSTTITLE          TEXT       -   Name on documents
    {_STATUS}
    {_AUDIT.strip()}
    RECORD_URL         TEXT       r   Link
    """,
    """
    PARENT   DEPARTMENT  PARENTID      DEPARTMENTID
    MANAGER  EMPLOYEE    SUPERVISORID  EMPLOYEEID
    """,
    "RECORDNO<",
)

_PLACE = f"""
    RECORDNO           INTEGER    r   Record number
    LOCATIONID         TEXT       q   Location
    NAME               TEXT       q   Name
    PARENTID           TEXT       -   Parent
    SUPERVISORID       TEXT       -   Manager
    SUPERVISORNAME     TEXT       r   Manager's name
    ENTITYNAME         TEXT       r   Entity's name
    LOCATIONTYPE       TEXT       r   Type {{E; N; C}}
    CURRENCY           TEXT       -   Base currency
    REPORTPRINTAS      TEXT       -   Name on reports
    FEDERALID          TEXT       -   Tax number
    STARTDATE          DATE       -   Since
    ENDDATE            DATE       -   Until
    {_STATUS}
    {_AUDIT.strip()}
    RECORD_URL         TEXT       r   Link
"""

LOCATION = object_type(
    "LOCATION",
    "Location",
    "LOCATIONID",
    _PLACE,
    """
    PARENT   LOCATION  PARENTID      LOCATIONID
    MANAGER  EMPLOYEE  SUPERVISORID  EMPLOYEEID
    """,
    "RECORDNO<",
)

LOCATIONENTITY = object_type(
    "LOCATIONENTITY",
    "Entity",
    "LOCATIONID",
    f"""
    {_PLACE.strip()}
    FIRSTMONTH         INTEGER    -   First month of the year
    FIRSTMONTHTAX      INTEGER    -   First month of the tax year
    WEEKSTART          INTEGER    -   First day of the week
    HAS_IE_RELATION    BOOLEAN    r   Has inter-entity relations {{true; false}}
    CUSTOMERID         TEXT       -   Customer
    CUSTOMERNAME       TEXT       r   Customer's name
    VENDORID           TEXT       -   Vendor
    VENDORNAME         TEXT       r   Vendor's name
    TAXID              TEXT       -   Tax id
    ENABLELEGALCONTACT BOOLEAN    -   Has a legal address {{true; false}}
    LEGALNAME          TEXT       -   Legal name
    LEGALADDRESS1      TEXT       -   Legal street
    LEGALADDRESS2      TEXT       -   Legal street, second line
    LEGALCITY          TEXT       -   Legal city
    LEGALSTATE         TEXT       -   Legal state or province
    LEGALZIPCODE       TEXT       -   Legal postal code
    LEGALCOUNTRY       TEXT       -   Legal country
    OPCOUNTRY          TEXT       -   Country of operation
    ADDRESSCOUNTRYDEFAULT TEXT    -   Country of new addresses
    """,
    "MANAGER EMPLOYEE SUPERVISORID EMPLOYEEID",
    "RECORDNO<",
)

CLASS = object_type(
    "CLASS",
    "Class",
    "CLASSID",
    f"""
    RECORDNO           INTEGER    r   Record number
    CLASSID            TEXT       q   Class
    NAME               TEXT       q   Name
    DESCRIPTION        TEXT       -   Description
    PARENTKEY          INTEGER    r   Parent's record number
    PARENTID           TEXT       -   Parent
    {_STATUS}
    {_AUDIT.strip()}
    {_ENTITY.strip()}
    """,
    "PARENT CLASS PARENTID CLASSID",
    "RECORDNO<",
)

PROJECT = object_type(
    "PROJECT",
    "Project",
    "PROJECTID",
    f"""
    RECORDNO           INTEGER    r   Record number
    PROJECTID          TEXT       q   Project
    NAME               TEXT       q   Name
    DESCRIPTION        TEXT       -   Description
    PROJECTCATEGORY    TEXT       q   Category
    PROJECTSTATUS      TEXT       -   Progress
    PARENTKEY          INTEGER    r   Parent's record number
    PARENTID           TEXT       -   Parent
    PARENTNAME         TEXT       r   Parent's name
    MANAGERID          TEXT       -   Manager
    MANAGERCONTACTNAME TEXT       r   Manager's name
    PROJECTTYPE        TEXT       -   Type
    CUSTOMERKEY        INTEGER    r   Customer's record number
    CUSTOMERID         TEXT       -   Customer
    CUSTOMERNAME       TEXT       r   Customer's name
    DEPARTMENTID       TEXT       -   Department
    DEPARTMENTNAME     TEXT       r   Department's name
    LOCATIONID         TEXT       -   Location
    LOCATIONNAME       TEXT       r   Location's name
    CLASSID            TEXT       -   Class
    BUDGETID           TEXT       -   Budget
    CURRENCY           TEXT       -   Currency
    CFDA               TEXT       x   Grant number
    FUNDEDNAME         TEXT       x   Funder
    {_STATUS}
    {_AUDIT.strip()}
    {_ENTITY.strip()}
    """,
    """
    PARENT   PROJECT   PARENTID   PROJECTID
    MANAGER  EMPLOYEE  MANAGERID  EMPLOYEEID
    """,
    "RECORDNO<",
)

GLACCOUNT = object_type(
    "GLACCOUNT",
    "GL account",
    "ACCOUNTNO",
    f"""
    RECORDNO           INTEGER    r   Record number
    ACCOUNTNO          TEXT       q   Account
    TITLE              TEXT       q   Title
    ACCOUNTTYPE        TEXT       -   Type {{balancesheet; incomestatement}}
    NORMALBALANCE      TEXT       -   Normal balance {{debit; credit}}
    CLOSINGTYPE        TEXT       -   Closing
    CATEGORY           TEXT       -   Category
    ALTERNATIVEACCOUNT TEXT       -   Alternative account
    {_STATUS}
    {_AUDIT.strip()}
    {_ENTITY.strip()}
    """,
    "MELOCATION LOCATION MEGAENTITYID LOCATIONID",
    "RECORDNO<",
)

AUDITHISTORY = object_type(
    "AUDITHISTORY",
    "Audit history",
    "ID",
    """
    ID                 TEXT       r   Entry
    OBJECTTYPE         ENUM       r   Object
    OBJECTKEY          TEXT       r   Key
    USERID             ENUM       r   User
    ACCESSTIME         TIMESTAMP  r   Time
    ACCESSMODE         ENUM       r   Access {Access=A; Modify=M; Create=C; Delete=D; Workflow=W}
    WORKFLOWACTION     TEXT       r   Workflow action
    IPADDRESS          TEXT       r   Address
    SOURCE             ENUM       r   Source {api; csv; system; ui; sev; flatf}
    NOTES              TEXT       r   Notes
    RECORD_URL         TEXT       r   Link
    """,
    "",
    "OBJECTKEY ACCESSTIME<",
)
