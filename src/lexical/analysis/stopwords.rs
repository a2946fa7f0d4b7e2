//! Words that say how a sentence is built, not what it is about. Question words, pronouns and modal verbs count, for
//! questions are full of them. Negations count too: BM25 could not use them anyway.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::{Lang, fold};

const GERMAN: &str = "
ab aber alle allem allen aller alles als also am an andere anderem anderen anderer anderes auch auf aus ausserdem
bei beim bereits bin bis bist bitte brauche brauchen braucht bräuchte da dabei dadurch dafür dagegen daher dahin damit danach daneben
dann daran darauf daraus darf darfst darin darum darunter darüber das dass davon davor dazu dein deine deinem deinen
deiner deines dem den denen denn dennoch der deren derer des deshalb dessen dich die dies diese diesem diesen dieser
dieses dir doch dort du durch dürfen dürfte eben ein eine einem einen einer eines einige einigen einiger einmal er es
etwa etwas euch euer eure eurem euren eurer falls für ganz gar gegen geht gehts genau gern gerne gibt gibts habe haben
hab habt halt hast hat hatte hatten hätte hätten her hier hin hinter hätt ich ihm ihn ihnen ihr ihre ihrem ihren ihrer
ihres im immer in indem ins irgendwie ist ja jede jedem jeden jeder jedes jemand jene jener jetzt kann kannst kein
keine keinem keinen keiner können könnt könnte könnten man manche mehr mein meine meinem meinen meiner meines mich
mir mit muss musst müssen müsst müsste müssten möchte möchten mag mal nach nachdem nicht nichts noch nun nur ob obwohl oder
ohne schon sehr sei seid sein seine seinem seinen seiner seines seit sich sie sind so sobald sodass sogar soll sollen
sollte sollten somit sondern sonst soviel sowie sowohl tun um und uns unser unsere unserem unseren unserer unter über
vom von vor wann war waren warum was weder weil welche welchem welchen welcher welches wem wen wenn wer werde werden
weshalb wessen wie wieso wieviel wieviele wir wird wirst wo wobei wodurch wofür woher wohin wollen wollte womit woran
worauf woraus worin worüber wovon wozu wurde wurden während würde würden will willst zu zum zur zwar zwischen
hallo danke eigentlich überhaupt denn eigenen viel viele vielen bekomme bekommen bekommt kriege kriegen kriegt
";

const ENGLISH: &str = "
a about above after again against all also am an and any are as at be because been before being below between both but
by can cannot could did do does doing don down during each either else ever few for from further get gets getting give
had has have having he hello her here hers herself him himself his how i if in into is isn it its itself just let like
me might more most must my myself need needs no nor not now of off on once one only or other our ours out over own
please same shall she should so some such than thank thanks that the their theirs them themselves then there these they
this those through to too under until up upon us very want was we were what when where whether which while who whom
whose why will with within without would yes you your yours yourself s t re ve ll d m
";

fn list(words: &str) -> HashSet<String> {
    words.split_whitespace().map(fold::fold).collect()
}

static DE: LazyLock<HashSet<String>> = LazyLock::new(|| list(GERMAN));
static EN: LazyLock<HashSet<String>> = LazyLock::new(|| list(ENGLISH));

/// Whether the word (any case) is a stop word of the language; of either language for [`Lang::Other`].
pub fn is_stopword(word: &str, lang: Lang) -> bool {
    let folded = fold::fold(word);
    let head = folded.split('\'').next().unwrap_or_default();
    match lang {
        Lang::De => DE.contains(head),
        Lang::En => EN.contains(head),
        Lang::Other => DE.contains(head) || EN.contains(head),
    }
}
