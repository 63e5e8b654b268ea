/// Published models: configs and figures, no weights.
///
/// Begin with [Catalogue].
package glia.lab.catalogue;
