/// The web page: its files, the state that it shows, attention.
///
/// Begin with [PageRoutes].
package glia.serve.page;
