use super::*;

#[test]
fn slugs() {
    for (name, slug) in
        [("Stadt Müllheim", "stadt-muellheim"), ("  Große--Straße! ", "grosse-strasse"), ("Ä", "ae"), ("日本", "")]
    {
        assert_eq!(slugify(name), slug);
    }
    for bad in ["", "Ab", "a b", "-a", "a-", "ä", "api", &"a".repeat(64)] {
        assert!(check_slug(bad).is_err(), "{bad}");
    }
}

#[test]
fn origins() {
    for (typed, origin) in [
        ("www.example.de", "https://www.example.de"),
        ("http://localhost:3000/x", "http://localhost:3000"),
        ("https://müllheim.de/", "https://xn--mllheim-n2a.de"),
    ] {
        assert_eq!(normalise_origin(typed).unwrap(), origin);
    }
    assert!(normalise_origin("javascript:alert(1)").is_err());
}

#[tokio::test]
async fn a_slug_is_taken_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let new = |slug: &str| NewSite { slug: slug.into(), ..NewSite::default() };
    let site = create(&store, new("town")).await.unwrap();
    assert!(site.public_key.starts_with("pk_"));
    assert_eq!(create(&store, new("town")).await.unwrap_err().code, Code::Conflict);
    assert_eq!(find(&store, "town").unwrap(), site);
    assert_eq!(find(&store, "other").unwrap_err().code, Code::SiteUnknown);
}
