//! Persons: what names them, what they asked, opted out of and are told.

use super::{Database, Engine};
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{
    FoundRecord, Integrated, MandateRow, NoticeRow, Notices, OptOutRow, OptOutTag, OptOuts, Record,
    RecordName, RequestRow, StoreError, SubjectTag, Subjects,
};
use comity_terms::ids::{NoticeId, OptOutId, RequestId};
use comity_terms::{Month, Timestamp};
use std::collections::BTreeSet;

impl Subjects for Database {
    async fn tagged_months(&self, month: Month) -> Result<Vec<Month>, StoreError> {
        either!(self, store => store.tagged_months(month).await)
    }

    async fn tagged(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<FoundRecord>, StoreError> {
        either!(self, store => store.tagged(tags).await)
    }

    async fn tagged_sent(&self, tags: Vec<(Month, SubjectTag)>) -> Result<Vec<RecordName>, StoreError> {
        either!(self, store => store.tagged_sent(tags).await)
    }

    async fn requests(&self, all: bool) -> Result<Vec<RequestRow>, StoreError> {
        either!(self, store => store.requests(all).await)
    }

    async fn requests_waiting(
        &self,
        after: Option<(Timestamp, RequestId)>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError> {
        either!(self, store => store.requests_waiting(after, limit).await)
    }

    async fn requests_counted(&self, at: Timestamp) -> Result<(u64, u64), StoreError> {
        either!(self, store => store.requests_counted(at).await)
    }

    async fn request_of_case(&self, case: RequestId) -> Result<Option<RequestRow>, StoreError> {
        either!(self, store => store.request_of_case(case).await)
    }

    async fn requests_to_send(&self, by: Timestamp, limit: u32) -> Result<Vec<RequestRow>, StoreError> {
        either!(self, store => store.requests_to_send(by, limit).await)
    }

    async fn request_integrated(
        &self,
        id: RequestId,
    ) -> Result<Option<(PublicEntry, Integrated)>, StoreError> {
        either!(self, store => store.request_integrated(id).await)
    }

    async fn request(&self, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
        let of = |record: &Record| record.requests.iter().find(|row| row.id == id).cloned();
        if let Some(row) = self.aside.as_ref().and_then(|aside| aside.newest(of)) {
            return Ok(Some(row));
        }
        either!(self, store => store.request(id).await)
    }
}

impl OptOuts for Database {
    async fn opt_out_periods(&self, now: Timestamp) -> Result<Vec<Month>, StoreError> {
        either!(self, store => store.opt_out_periods(now).await)
    }

    async fn opted_out(
        &self,
        tags: Vec<(Month, SubjectTag)>,
        now: Timestamp,
    ) -> Result<Vec<(Month, SubjectTag, BTreeSet<String>)>, StoreError> {
        either!(self, store => store.opted_out(tags, now).await)
    }

    async fn opt_out(&self, id: OptOutId) -> Result<Option<OptOutRow>, StoreError> {
        let of = |record: &Record| record.opt_outs.iter().find(|row| row.id == id).cloned();
        if let Some(row) = self.aside.as_ref().and_then(|aside| aside.newest(of)) {
            return Ok(Some(row));
        }
        either!(self, store => store.opt_out(id).await)
    }

    async fn opt_out_tags(&self, id: OptOutId) -> Result<BTreeSet<SubjectTag>, StoreError> {
        let mut tags = either!(self, store => store.opt_out_tags(id).await)?;
        if let Some(aside) = &self.aside {
            let of = |tag: &&OptOutTag| tag.opt_out == id;
            let tag = |record: &Record| record.opt_out_tags.iter().filter(of).map(|tag| tag.tag).collect();
            tags.extend(aside.all(tag));
        }
        Ok(tags)
    }

    async fn opt_outs(&self) -> Result<Vec<OptOutRow>, StoreError> {
        either!(self, store => store.opt_outs().await)
    }

    async fn mandates(&self) -> Result<Vec<MandateRow>, StoreError> {
        either!(self, store => store.mandates().await)
    }
}

impl Notices for Database {
    async fn notices(&self, all: bool) -> Result<Vec<NoticeRow>, StoreError> {
        either!(self, store => store.notices(all).await)
    }

    async fn notices_owed(
        &self,
        after: Option<(Timestamp, NoticeId)>,
        limit: u32,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        either!(self, store => store.notices_owed(after, limit).await)
    }

    async fn notice(&self, id: NoticeId) -> Result<Option<NoticeRow>, StoreError> {
        either!(self, store => store.notice(id).await)
    }

    async fn notices_due(&self, now: Timestamp, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
        either!(self, store => store.notices_due(now, limit).await)
    }
}
