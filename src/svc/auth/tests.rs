use super::*;
use crate::base::Code;
use crate::base::clock::now_ms;
use crate::store::Store;
use crate::svc::site;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

fn new(email: &str) -> NewUser {
    NewUser { email: email.into(), password: "correct horse".into(), ..NewUser::default() }
}

#[test]
fn mail_addresses_are_normalised_or_refused() {
    for (given, wanted) in [
        (" A.B@Example.DE ", Some("a.b@example.de")),
        ("müller@stadt.de", Some("müller@stadt.de")),
        ("a@b", Some("a@b")),
        ("a", None),
        ("@b.de", None),
        ("a@", None),
        ("a@b@c", None),
        ("a b@c.de", None),
        ("", None),
        ("a@.de", None),
    ] {
        assert_eq!(normalise_email(given).ok().as_deref(), wanted, "{given}");
    }
}

#[tokio::test]
async fn the_set_up_link_works_once() {
    let (_dir, store) = store();
    assert!(needs_setup(&store).unwrap());
    let old = setup_link(&store, false).await.unwrap();
    let token = setup_link(&store, false).await.unwrap();
    let code = |r: Result<User, crate::base::Fault>| r.unwrap_err().code;
    assert_eq!(code(set_up(&store, &old, new("a@b.de")).await), Code::SetupTokenInvalid);
    assert_eq!(code(set_up(&store, "", new("a@b.de")).await), Code::SetupTokenInvalid);
    let short = NewUser { password: "123456789".into(), ..new("a@b.de") };
    assert_eq!(code(set_up(&store, &token, short).await), Code::Invalid, "a refused password does not spend the link");
    assert_eq!(set_up(&store, &token, new("A@b.de")).await.unwrap().email, "a@b.de");
    assert_eq!(code(set_up(&store, &token, new("c@b.de")).await), Code::SetupTokenInvalid);
    assert!(!needs_setup(&store).unwrap());
    assert_eq!(setup_link(&store, false).await.unwrap_err().code, Code::Conflict);
    let forced = setup_link(&store, true).await.unwrap();
    assert_eq!(code(set_up(&store, &forced, new("a@B.de")).await), Code::Conflict);
    set_up(&store, &forced, new("c@b.de")).await.unwrap();
    let dump = store.dump().unwrap().join("\n");
    assert!(!dump.contains(&token) && !dump.contains("correct horse"));
}

#[tokio::test]
async fn sessions_begin_with_the_right_password_and_end() {
    let (_dir, store) = store();
    let user = create_operator(&store, new("a@b.de")).await.unwrap();
    for (email, password) in [("a@b.de", "wrong password"), ("x@b.de", "correct horse"), ("", ""), ("a@b.de", "")] {
        assert_eq!(sign_in(&store, email, password).await.unwrap_err().code, Code::CredentialsWrong, "{email}");
    }
    let (who, token) = sign_in(&store, " A@B.de", "correct horse").await.unwrap();
    assert_eq!(who.id, user.id);
    assert_eq!(who_session(&store, &token).await.unwrap().unwrap().id, user.id);
    assert!(who_session(&store, &format!("{token}x")).await.unwrap().is_none());
    assert!(!store.dump().unwrap().join("\n").contains(&token));
    sign_out(&store, &token).await.unwrap();
    assert!(who_session(&store, &token).await.unwrap().is_none());
}

#[tokio::test]
async fn a_person_has_few_sessions_and_a_new_password_ends_them() {
    let (_dir, store) = store();
    let user = create_operator(&store, new("a@b.de")).await.unwrap();
    let mut tokens = Vec::new();
    for _ in 0..11 {
        tokens.push(open_session(&store, user.id).await.unwrap());
    }
    let mut alive = 0;
    for token in &tokens {
        alive += usize::from(who_session(&store, token).await.unwrap().is_some());
    }
    assert_eq!(alive, 10);
    set_password(&store, "a@b.de", "another password".into()).await.unwrap();
    for token in &tokens {
        assert!(who_session(&store, token).await.unwrap().is_none());
    }
    assert!(sign_in(&store, "a@b.de", "another password").await.is_ok());
}

#[tokio::test]
async fn keys_open_their_site_and_scopes_only() {
    let (_dir, store) = store();
    let a = site::create(&store, site::NewSite { slug: "a".into(), ..Default::default() }).await.unwrap();
    let b = site::create(&store, site::NewSite { slug: "b".into(), ..Default::default() }).await.unwrap();
    let key = create_key(&store, a.id, vec![Scope::Search], None).await.unwrap();
    let actor = who_key(&store, &key.key).unwrap().unwrap();
    for (scope, site, allowed) in [
        (Scope::Search, a.id, true),
        (Scope::Search, b.id, false),
        (Scope::Ask, a.id, false),
        (Scope::Admin, a.id, false),
    ] {
        assert_eq!(actor.may(scope, site), allowed, "{scope:?} {site}");
    }
    let public = who_key(&store, &a.public_key).unwrap().unwrap();
    assert!(
        public.may(Scope::Ask, a.id)
            && !public.may(Scope::Ask, b.id)
            && !public.may(Scope::Search, a.id)
            && !public.is_operator()
    );
    let admin = create_key(&store, a.id, vec![Scope::Admin, Scope::Admin], None).await.unwrap();
    assert!(Scope::ALL.iter().all(|s| who_key(&store, &admin.key).unwrap().unwrap().may(*s, a.id)));
    for wrong in ["", "pk_", "de_", "de_.", &format!("{}x", key.key), &key.id, &format!("de_{}.", key.id)] {
        assert!(who_key(&store, wrong).unwrap().is_none(), "{wrong}");
    }
    assert_eq!(create_key(&store, a.id, vec![], None).await.unwrap_err().code, Code::Invalid);
    assert_eq!(create_key(&store, a.id, vec![Scope::Ask], Some(1)).await.unwrap_err().code, Code::Invalid);
    let brief = create_key(&store, a.id, vec![Scope::Ask], Some(now_ms() + 30)).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    assert!(who_key(&store, &brief.key).unwrap().is_none());
    delete_key(&store, &key.id).await.unwrap();
    assert!(who_key(&store, &key.key).unwrap().is_none());
    assert_eq!(keys(&store, Some(a.id)).unwrap().len(), 2);
    assert_eq!("crawl".parse::<Scope>().unwrap(), Scope::Crawl);
    assert!("all".parse::<Scope>().is_err());
}
