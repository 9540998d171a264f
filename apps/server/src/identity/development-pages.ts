/** The pages of the development identity provider: static, without script, nothing fetched from elsewhere. */
import type { DemoPerson } from './development-people';

export const PAGE_HEADERS: { readonly [name: string]: string } = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

const ESCAPES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);

/** @param body HTML, its values escaped */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Rapport</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }
main { max-width: 28rem; margin: 4rem auto; padding: 0 1rem }
ul { list-style: none; padding: 0 }
button { width: 100%; margin: 0.25rem 0; padding: 0.75rem 1rem; font: inherit; text-align: start; cursor: pointer }
button span { display: block; font-size: 0.875rem }
.note { border-inline-start: 0.25rem solid; padding-inline-start: 0.75rem }
</style>
</head>
<body><main>
<h1>${escaped(title)}</h1>
${body}
</main></body>
</html>
`;
}

/** Everybody in the demonstration, a button each. @param action where the choice is posted */
export function loginPage(people: readonly DemoPerson[], action: string): string {
  const buttons = people.map(
    ({ subject, name, about }) =>
      `<li><button name="person" value="${escaped(subject)}">${escaped(name)} (${escaped(subject)})<span>${escaped(about)}</span></button></li>`,
  );
  return page(
    'Who are you today?',
    `<p class="note">This sign-in is for development only. There is no password: whoever reaches this page can be any of these
people. None of them exists, and it does not run in production.</p>
<form method="post" action="${escaped(action)}"><ul>
${buttons.join('\n')}
</ul></form>`,
  );
}

/** @param form the provider's own form, HTML */
export function logoutPage(form: string): string {
  return page('Sign out?', `${form}\n<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>`);
}

/** @param lines what happened, as text */
export function messagePage(title: string, lines: readonly string[]): string {
  return page(title, lines.map((line) => `<p>${escaped(line)}</p>`).join('\n'));
}
