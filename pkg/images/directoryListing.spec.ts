import { describe, expect, it } from 'vitest'
import { readListing } from './directoryListing.ts'

const APACHE = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN"><html><head><title>Index of /images/cloud/bookworm</title></head><body>
<table><tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><img src="/icons/back.gif" alt="[PARENTDIR]"></td><td><a href="/images/cloud/">Parent Directory</a></td></tr>
<tr><td><img alt="[DIR]"></td><td><a href="20241125-1942/">20241125-1942/</a></td><td align="right">2024-11-25 22:16</td></tr>
<tr><td><a href="daily/">daily/</a></td></tr>
<tr><td><a class="x" href='SHA512SUMS'>SHA512SUMS</a></td></tr>
<tr><td><a href="openSUSE%20Leap.iso">openSUSE Leap.iso</a></td></tr></table></body></html>`

const NGINX = `<html><head><title>Index of /rocky/9/images/</title></head><body><h1>Index of /rocky/9/images/</h1><hr><pre><a href="../">../</a>
<a href="CHECKSUM">CHECKSUM</a>      19-Nov-2024 03:22    3043
<a href="/images/cloud/bookworm/a&amp;b.img">a&amp;b.img</a>
<a href="https://mirror.example/images/cloud/bookworm/whole/">whole/</a>
<A HREF=bare.raw>bare.raw</A>
<a href="https://elsewhere.example/images/cloud/bookworm/evil.img">evil</a>
<a href="javascript:alert(1)">x</a><a href="mailto:a@b">m</a><a href="http://[bad">b</a><a href="deep/er/file.img">deep</a></pre></body></html>`

const names = (html: string) => readListing(html, 'https://mirror.example/images/cloud/bookworm/').map(({ name, directory }) => `${name}${directory ? '/' : ''}`)

describe('a directory as a web server lists it', () => {
  it('by Apache', () => expect(names(APACHE)).toEqual(['20241125-1942/', 'daily/', 'SHA512SUMS', 'openSUSE Leap.iso']))
  it('by nginx, with links written every way', () => expect(names(NGINX)).toEqual(['CHECKSUM', 'a&b.img', 'whole/', 'bare.raw']))
  it('is empty where there is no list', () => expect(names('<a href="')).toEqual([]))
  it('takes no longer for a page made to be slow', () => {
    const began = performance.now()
    expect(names('<a '.repeat(200_000))).toEqual([])
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})
