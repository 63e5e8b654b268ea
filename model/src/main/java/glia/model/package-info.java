/// Models: specification and weights, loaded or made new.
///
/// Begin with [Model] and [ModelLoader].
package glia.model;
