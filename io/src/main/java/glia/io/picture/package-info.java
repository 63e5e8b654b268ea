/// Picture files, pixels and their arithmetic.
///
/// Begin with [Picture].
package glia.io.picture;
