/// Fields of requests, limits, typed errors.
///
/// Begin with [Fields] and [ServeException].
package glia.serve.request;
