/// Charts of several runs.
///
/// Begin with [RunChart] and [RunGroup].
package glia.train.compare;
