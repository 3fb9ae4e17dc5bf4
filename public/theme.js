// Before the first paint, so that no theme flashes. The choice is made in src/useChoices.ts.
{
  let choice = 'system'
  try { choice = localStorage.getItem('guardrails.theme') }
  catch { /* a private window may keep nothing */ }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
}
