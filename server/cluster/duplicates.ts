/** Finds fields that a JSON text says twice, by path (`spec.disks[0].name`): JSON.parse keeps the last and says nothing. The text must be valid JSON. */
export function duplicateFields(text: string): string[] {
  const found: string[] = []
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g
  const stack: { path: string, keys: Set<string> | undefined, index: number }[] = []
  let key = ''
  let wantsKey = false
  const pathOf = (): string => {
    const top = stack[stack.length - 1]
    if (!top) return ''
    if (top.keys) return top.path ? `${top.path}.${key}` : key
    return `${top.path}[${top.index}]`
  }
  for (const [token] of text.matchAll(tokens)) {
    const top = stack[stack.length - 1]
    if (token === '{' || token === '[') {
      const opensObject = token === '{'
      stack.push({ path: pathOf(), keys: opensObject ? new Set() : undefined, index: 0 })
      wantsKey = opensObject
    }
    else if (token === '}' || token === ']') {
      stack.pop()
      wantsKey = false
    }
    else if (token === ',' && top) {
      if (!top.keys) top.index++
      wantsKey = top.keys !== undefined
    }
    else if (wantsKey && top?.keys) {
      key = JSON.parse(token) as string
      if (top.keys.has(key)) found.push(pathOf())
      top.keys.add(key)
      wantsKey = false
    }
  }
  return [...new Set(found)]
}
