"""Bills, their lines, payments, and what ties a payment to a bill: field metadata as data.

Field names, kinds and states are those the gateway's `lookup` publishes; the labels and the choice
of fields are this project's own. Raw codes of a bill's states: D, PA, S, U and A are documented by
Sage; those of the later states are not, and the ones here are invented.
"""

from __future__ import annotations

from .fields import object_type

APBILL = object_type(
    "APBILL",
    "AP bill",
    "RECORDNO",
    """
    RECORDNO              INTEGER    r   Record number
    RECORDTYPE            TEXT       r   Kind of record
    RECORDID              TEXT       -   Bill number
    DOCNUMBER             TEXT       -   Reference
    DESCRIPTION           TEXT       -   Description
    DESCRIPTION2          TEXT       -   Document
    MODULEKEY             TEXT       r   Origin module
    SYSTEMGENERATED       TEXT       r   Made by the system {T; F}
    STATE                 TEXT       r   State {Draft=D; Analyzing=AN; Submitted=S; Partially Approved=PA; Declined=U; Posted=A; Selected=SE; Partially Paid=PP; Paid=P; Reversed=V; Reversal=RV; No Value=N}
    RAWSTATE              TEXT       r   State code
    ONHOLD                BOOLEAN    -   On hold {true; false}
    PAYMENTPRIORITY       TEXT       -   Priority {urgent; high; normal; low}
    VENDORID              TEXT       q   Vendor
    VENDORNAME            TEXT       r   Vendor's name
    VENDORKEY             INTEGER    r   Vendor's record number
    BILLTOPAYTOCONTACTNAME TEXT      -   Pay-to contact
    TERMNAME              TEXT       -   Payment term
    WHENCREATED           DATE       q   Bill date
    WHENPOSTED            DATE       -   Ledger date
    WHENDUE               DATE       q   Due date
    WHENDISCOUNT          DATE       r   Discount until
    WHENPAID              DATE       r   Fully paid on
    RECPAYMENTDATE        DATE       -   Suggested payment date
    DUE_IN_DAYS           TEXT       r   Days to the due date
    AUWHENCREATED         TIMESTAMP  r   Entered at
    WHENMODIFIED          TIMESTAMP  r   Changed at
    BASECURR              TEXT       q   Base currency
    CURRENCY              TEXT       q   Currency
    EXCHANGE_RATE         DECIMAL    -   Exchange rate
    TOTALENTERED          DECIMAL    r   Total, base currency
    TOTALSELECTED         DECIMAL    r   Selected for payment, base currency
    TOTALPAID             DECIMAL    r   Paid, base currency
    TOTALDUE              CURRENCY   r   Due, base currency
    TRX_TOTALENTERED      DECIMAL    r   Total
    TRX_TOTALSELECTED     DECIMAL    r   Selected for payment
    TRX_TOTALPAID         DECIMAL    r   Paid
    TRX_TOTALDUE          DECIMAL    r   Due
    PRBATCH               TEXT       -   Summary
    PRBATCHKEY            INTEGER    r   Summary's record number
    SUPDOCID              TEXT       -   Attachment
    CREATEDBY             INTEGER    r   Entered by
    MODIFIEDBY            INTEGER    r   Changed by
    CREATEDBYLOGINID      TEXT       r   Entered by login
    MODIFIEDBYLOGINID     TEXT       r   Changed by login
    CREATEDUSERID         TEXT       r   Entered by user
    USERID                TEXT       r   Changed by user
    TAXSOLUTIONID         TEXT       -   Tax solution
    EINVOICESTATUS        TEXT       x   E-invoice status
    MEGAENTITYKEY         INTEGER    r   Entity's record number
    MEGAENTITYID          TEXT       r   Entity
    MEGAENTITYNAME        TEXT       r   Entity's name
    RECORD_URL            TEXT       r   Link
    """,  # noqa: E501
    """
    VENDOR              VENDOR    VENDORID      VENDORID
    USERINFOCREATEDBY   USERINFO  CREATEDBY     RECORDNO
    USERINFOMODIFIEDBY  USERINFO  MODIFIEDBY    RECORDNO
    MELOCATION          LOCATION  MEGAENTITYID  LOCATIONID
    """,
    "STATE VENDORID RECORDNO< WHENMODIFIED<",
)

APBILLITEM = object_type(
    "APBILLITEM",
    "AP bill line",
    "RECORDNO",
    """
    RECORDNO          INTEGER    r   Record number
    RECORDKEY         INTEGER    r   Bill's record number
    LINE_NO           INTEGER    r   Line
    LINEITEM          TEXT       r   Is a line, not an offset {T; F}
    ACCOUNTNO         TEXT       q   GL account
    ACCOUNTTITLE      TEXT       r   GL account's title
    ACCOUNTLABEL      TEXT       -   Account label
    ENTRYDESCRIPTION  TEXT       -   Memo
    ENTRY_DATE        DATE       r   Date
    AMOUNT            DECIMAL    r   Amount, base currency
    TRX_AMOUNT        DECIMAL    -   Amount
    BASECURR          TEXT       r   Base currency
    CURRENCY          TEXT       r   Currency
    TOTALPAID         DECIMAL    r   Paid
    STATE             TEXT       r   State
    BILLABLE          BOOLEAN    -   Billable {true; false}
    ALLOCATION        TEXT       -   Allocation
    PARENTENTRY       INTEGER    r   Parent line
    SUBTOTAL          TEXT       -   Is a subtotal {T; F}
    ORIGDOCID         TEXT       r   Source document
    DEPARTMENTID      TEXT       -   Department
    DEPARTMENTNAME    TEXT       r   Department's name
    LOCATIONID        TEXT       -   Location
    LOCATIONNAME      TEXT       r   Location's name
    PROJECTID         TEXT       -   Project
    PROJECTNAME       TEXT       r   Project's name
    CLASSID           TEXT       -   Class
    CLASSNAME         TEXT       r   Class's name
    CUSTOMERID        TEXT       -   Customer
    CUSTOMERNAME      TEXT       r   Customer's name
    VENDORID          TEXT       -   Vendor
    VENDORNAME        TEXT       r   Vendor's name
    EMPLOYEEID        TEXT       -   Employee
    EMPLOYEENAME      TEXT       r   Employee's name
    ITEMID            TEXT       -   Item
    ITEMNAME          TEXT       r   Item's name
    WHENCREATED       TIMESTAMP  r   Entered at
    WHENMODIFIED      TIMESTAMP  r   Changed at
    CREATEDBY         INTEGER    r   Entered by
    MODIFIEDBY        INTEGER    r   Changed by
    MEGAENTITYID      TEXT       x   Entity
    RECORD_URL        TEXT       r   Link
    """,
    """
    GLACCOUNT           GLACCOUNT   ACCOUNTNO     ACCOUNTNO
    DEPARTMENT          DEPARTMENT  DEPARTMENTID  DEPARTMENTID
    USERINFOCREATEDBY   USERINFO    CREATEDBY     RECORDNO
    USERINFOMODIFIEDBY  USERINFO    MODIFIEDBY    RECORDNO
    """,
    "RECORDKEY RECORDNO< WHENMODIFIED<",
)

APPYMT = object_type(
    "APPYMT",
    "AP payment",
    "RECORDNO",
    """
    RECORDNO              INTEGER    r   Record number
    RECORDTYPE            TEXT       r   Kind of record
    RECORDID              TEXT       r   Payment number
    DOCNUMBER             TEXT       -   Check or transaction number
    DESCRIPTION           TEXT       -   Description
    PRBATCH               TEXT       r   Summary
    PRBATCHKEY            INTEGER    r   Summary's record number
    FINANCIALENTITY       TEXT       -   Bank account
    FINANCIALACCOUNTNAME  TEXT       r   Bank
    STATE                 TEXT       r   State {Draft=D; Submitted=S; Partially Approved=PA; Approved=A; Declined=U; Confirmed=C; Delivered=DL; Voided=V}
    RAWSTATE              TEXT       r   State code
    DISPLAYSTATE          TEXT       r   State shown {Draft; Submitted; Partially Approved; Approved; Declined; Delivered; Quick Delivery; Confirmed; Voided; Print Voided}
    PAYMENTMETHOD         TEXT       -   Method
    PAYMENTPROVIDER       TEXT       -   Provider
    PAYMENTREQUESTMETHOD  TEXT       -   Grouping
    VENDORID              TEXT       -   Vendor
    VENDORNAME            TEXT       r   Vendor's name
    VENDORKEY             INTEGER    r   Vendor's record number
    WHENCREATED           DATE       q   Payment date
    WHENDUE               DATE       -   Due date
    WHENPAID              DATE       -   Paid on
    WHENPOSTED            DATE       -   Ledger date
    BASECURR              TEXT       -   Base currency
    CURRENCY              TEXT       -   Currency
    TOTALENTERED          DECIMAL    r   Total, base currency
    TOTALSELECTED         DECIMAL    r   Selected, base currency
    TOTALPAID             DECIMAL    r   Paid, base currency
    TOTALDUE              DECIMAL    r   Due, base currency
    TRX_TOTALENTERED      DECIMAL    r   Total
    TRX_TOTALSELECTED     DECIMAL    r   Selected
    TRX_TOTALPAID         DECIMAL    r   Paid
    TRX_TOTALDUE          DECIMAL    r   Due
    CLEARED               TEXT       r   Cleared
    CLRDATE               DATE       r   Cleared on
    SYSTEMGENERATED       TEXT       r   Made by the system {T; F}
    AUWHENCREATED         TIMESTAMP  r   Entered at
    WHENMODIFIED          TIMESTAMP  r   Changed at
    CREATEDBY             INTEGER    r   Entered by
    MODIFIEDBY            INTEGER    r   Changed by
    CREATEDBYLOGINID      TEXT       r   Entered by login
    MODIFIEDBYLOGINID     TEXT       r   Changed by login
    MEGAENTITYKEY         INTEGER    r   Entity's record number
    MEGAENTITYID          TEXT       r   Entity
    MEGAENTITYNAME        TEXT       r   Entity's name
    RECORD_URL            TEXT       r   Link
    """,  # noqa: E501
    """
    VENDOR              VENDOR    VENDORID      VENDORID
    USERINFOCREATEDBY   USERINFO  CREATEDBY     RECORDNO
    USERINFOMODIFIEDBY  USERINFO  MODIFIEDBY    RECORDNO
    MELOCATION          LOCATION  MEGAENTITYID  LOCATIONID
    """,
    "STATE CLEARED RECORDNO< WHENMODIFIED< CLRDATE<",
)

APPYMTDETAIL = object_type(
    "APPYMTDETAIL",
    "AP payment detail",
    "RECORDNO",
    """
    RECORDNO           INTEGER    r   Record number
    RECORDKEY          INTEGER    -   Bill's record number
    ENTRYKEY           INTEGER    -   Bill line's record number
    PAYMENTKEY         INTEGER    -   Payment's record number
    PAYMENTENTRYKEY    INTEGER    -   Payment line's record number
    PAYMENTDATE        DATE       -   Payment date
    PAYMENTAMOUNT      CURRENCY   -   Amount, base currency
    TRX_PAYMENTAMOUNT  CURRENCY   -   Amount
    DISCOUNTAMOUNT     CURRENCY   r   Discount taken
    ADJUSTMENTKEY      INTEGER    -   Credit's record number
    ADJUSTMENTAMOUNT   CURRENCY   -   Credit used
    CURRENCY           TEXT       -   Currency
    STATE              TEXT       -   State
    MODULEKEY          TEXT       r   Origin module
    WHENCREATED        TIMESTAMP  r   Entered at
    WHENMODIFIED       TIMESTAMP  r   Changed at
    CREATEDBY          INTEGER    r   Entered by
    MODIFIEDBY         INTEGER    r   Changed by
    RECORD_URL         TEXT       r   Link
    """,
    """
    APBILL      APBILL      RECORDKEY   RECORDNO
    APBILLITEM  APBILLITEM  ENTRYKEY    RECORDNO
    APPYMT      APPYMT      PAYMENTKEY  RECORDNO
    """,
    "RECORDKEY PAYMENTKEY RECORDNO< WHENMODIFIED<",
)
