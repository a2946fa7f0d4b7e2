// @ts-check
/** What a visitor reads. Both dictionaries hold the same keys (tested); `{x}` are slots. */

export const WORDS = {
  de: {
    label: 'Fragen und Antworten',
    conversation: 'Unterhaltung',
    title: 'Fragen an {name}',
    welcome: 'Guten Tag! Was möchten Sie wissen?',
    disclosure: 'Automatischer Assistent – Antworten aus den Seiten von {name}. Bitte prüfen Sie Wichtiges an der Quelle.',
    question: 'Ihre Frage',
    placeholder: 'Stellen Sie Ihre Frage …',
    send: 'Frage senden',
    stop: 'Antwort anhalten',
    stopped: 'Sie haben die Antwort angehalten.',
    close: 'Schließen',
    restart: 'Neue Unterhaltung beginnen',
    you: 'Ihre Frage:',
    searching: 'Ich suche in den Seiten …',
    resuming: 'Die Verbindung war unterbrochen. Ich hole den Rest der Antwort …',
    left: 'Noch {n} Zeichen',
    tooLong: 'Die Frage ist zu lang: {n} Zeichen zu viel.',
    newest: 'Zum Ende der Unterhaltung',
    copy: 'Antwort kopieren',
    copied: 'Kopiert',
    copyFailed: 'Kopieren war nicht möglich',
    source: 'Quelle {n}: {title}',
    sources: 'Quellen',
    openPassage: 'Quelle {n} anzeigen: {title}',
    closePassage: 'Quelle schließen',
    toPassage: 'Zur Stelle',
    opensPage: '{title} (Seite öffnen)',
    asOf: 'Stand {date}',
    loadingPassage: 'Die Stelle wird geladen …',
    noPassage: 'Die Stelle lässt sich gerade nicht laden.',
    contact: 'Kontakt',
    phone: 'Telefon',
    email: 'E-Mail',
    website: 'Website',
    pages: 'Passende Seiten',
    suggestions: 'Vorschläge für Ihre Frage',
    followUps: 'Fragen Sie weiter',
    choose: 'Bitte wählen Sie',
    steps: 'So gehen Sie vor',
    notFound: 'Dazu habe ich in den Seiten nichts Verlässliches gefunden.',
    imprint: 'Impressum',
    privacy: 'Datenschutz',
    accessibility: 'Barrierefreiheit',
    links: 'Rechtliches',
    away: 'Der Assistent ist gerade nicht erreichbar. Ihre Frage ist nicht verloren.',
    retry: 'Noch einmal versuchen',
    busy: 'Gerade fragen sehr viele Menschen. Bitte versuchen Sie es in einer Minute noch einmal.',
    refusedHere: 'Der Assistent ist für diese Website nicht freigegeben. Bitte sagen Sie den Betreibern der Website Bescheid.',
    failed: 'Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.',
    gone: 'Die frühere Unterhaltung ist nicht mehr gespeichert. Sie können neu beginnen.',
    done: 'Antwort vollständig.',
    loading: 'Der Assistent wird geladen …',
    newTab: 'öffnet neuen Tab',
  },
  en: {
    label: 'Questions and answers',
    conversation: 'Conversation',
    title: 'Questions for {name}',
    welcome: 'Hello! What would you like to know?',
    disclosure: 'Automated assistant – answers from the pages of {name}. Please check anything important at the source.',
    question: 'Your question',
    placeholder: 'Ask your question …',
    send: 'Send question',
    stop: 'Stop answer',
    stopped: 'You stopped this answer.',
    close: 'Close',
    restart: 'Start a new conversation',
    you: 'Your question:',
    searching: 'Searching the pages …',
    resuming: 'The connection was interrupted. Fetching the rest of the answer …',
    left: '{n} characters left',
    tooLong: 'The question is too long by {n} characters.',
    newest: 'To the end of the conversation',
    copy: 'Copy answer',
    copied: 'Copied',
    copyFailed: 'Copying was not possible',
    source: 'Source {n}: {title}',
    sources: 'Sources',
    openPassage: 'Show source {n}: {title}',
    closePassage: 'Close source',
    toPassage: 'Go to the passage',
    opensPage: '{title} (open page)',
    asOf: 'As of {date}',
    loadingPassage: 'Loading the passage …',
    noPassage: 'The passage cannot be loaded right now.',
    contact: 'Contact',
    phone: 'Phone',
    email: 'E-mail',
    website: 'Website',
    pages: 'Related pages',
    suggestions: 'Suggested questions',
    followUps: 'Ask further',
    choose: 'Please choose',
    steps: 'What to do',
    notFound: 'I found nothing reliable about this in the pages.',
    imprint: 'Imprint',
    privacy: 'Privacy',
    accessibility: 'Accessibility',
    links: 'Legal information',
    away: 'The assistant cannot be reached right now. Your question is not lost.',
    retry: 'Try again',
    busy: 'Very many people are asking at the moment. Please try again in a minute.',
    refusedHere: 'The assistant is not enabled for this website. Please let the operators of the website know.',
    failed: 'That did not work. Please try again.',
    gone: 'The earlier conversation is no longer stored. You can start a new one.',
    done: 'Answer complete.',
    loading: 'Loading the assistant …',
    newTab: 'opens a new tab',
  },
};

/** @param {string|null|undefined} tag a language tag @returns {'de'|'en'} English for every language we do not speak */
export function localeOf(tag) {
  return /^de\b/i.test(tag || '') ? 'de' : 'en';
}

/**
 * @param {'de'|'en'} locale
 * @returns {(key: keyof typeof WORDS.de, slots?: Record<string, string|number>) => string}
 */
export function speaker(locale) {
  return (key, slots) => WORDS[locale][key].replace(/\{(\w+)\}/g, (all, name) => String(slots?.[name] ?? all));
}

/** A day as people write it, "12.03.2026"; empty when it is no date. @param {string} locale @param {any} value */
export function day(locale, value) {
  const date = new Date(value);
  if (!value || Number.isNaN(date.getTime())) return '';
  return new Intl.DateTimeFormat(locale === 'de' ? 'de-DE' : 'en-GB', { day: '2-digit', month: locale === 'de' ? '2-digit' : 'short', year: 'numeric', timeZone: 'Europe/Berlin' }).format(date);
}
