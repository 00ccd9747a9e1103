//! Attacks on which version is the newest, and which there are.

use malicious_server::{
    attack::{MANIFEST_FORK, MANIFEST_ROLLBACK, VERSION_CUT_OUT, VERSION_SUPPRESSED},
    scene::{Scene, change_report, scene},
};

use super::{Attempt, Won, run};

#[tokio::test]
async fn manifest_rollback() {
    run(&MANIFEST_ROLLBACK, attempt).await;

    /// A corrected version was read; the server shows the one before as the newest again.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let second = server.add_version(&doctor, &id, |_| {});
        assert_eq!(patient.report(&id).await.unwrap().newest().unwrap().version, second);
        change_report(&server, |body| drop(body.versions.pop()));
        let open = patient.report(&id).await?;
        Ok(Won::if_so(open.newest().unwrap().version == 1))
    }
}

#[tokio::test]
async fn manifest_fork() {
    run(&MANIFEST_FORK, attempt).await;

    /// A version was read that overlooked something. Its author, with the server's help, puts another in its place and number.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let second = server.add_version(&doctor, &id, |_| {});
        assert_eq!(patient.report(&id).await.unwrap().newest().unwrap().version, second);
        {
            let mut db = server.db();
            let report = db.reports.get_mut(&id).unwrap();
            report.versions.remove(&second);
            report.wraps.retain(|wrap| wrap.version != second);
        }
        server.add_version(&doctor, &id, |plain| {
            let (before, now) = (b"No finding", b"A fracture");
            let at = plain.windows(before.len()).position(|found| found == before).unwrap();
            plain[at..at + now.len()].copy_from_slice(now);
        });
        let open = patient.report(&id).await?;
        let shown = patient.version(&open, second).await?;
        Ok(Won::if_so(shown.content.fields.diagnosis == "A fracture"))
    }
}

#[tokio::test]
async fn version_suppressed() {
    run(&VERSION_SUPPRESSED, attempt).await;

    /// A version that the patient has never seen is kept from them; its manifest has to be there, or the chain breaks.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        server.add_version(&doctor, &id, |_| {});
        change_report(&server, |body| {
            let kept_back = body.versions.pop().unwrap();
            body.superseded.push(kept_back.manifest);
        });
        let open = patient.report(&id).await?;
        Ok(Won::if_so(open.versions.len() == 1))
    }
}

#[tokio::test]
async fn version_cut_out() {
    run(&VERSION_CUT_OUT, attempt).await;

    /// A version in the middle is cut out with its manifest, as if it had never been.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let hidden = server.add_version(&doctor, &id, |_| {});
        server.add_version(&doctor, &id, |_| {});
        change_report(&server, move |body| body.versions.retain(|version| version.version != hidden));
        let open = patient.report(&id).await?;
        let shown: Vec<u32> = open.versions.iter().map(|version| version.version).collect();
        Ok(Won::if_so(shown == [1, 3]))
    }
}
