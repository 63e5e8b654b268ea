/// Routes, requests and responses, streams of events, errors, connections and their deadlines.
///
/// Begin with [Routes], [Exchange] and [Gate].
///
/// Source: Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html
package glia.serve.http;
