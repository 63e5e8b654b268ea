/// Load generator: open and closed loops, and clients that behave badly.
///
/// Begin with [LoadGenerator].
package glia.serve.load;
