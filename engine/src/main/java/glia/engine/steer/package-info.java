/// Control vectors: directions that are added to the residual stream while a model generates.
///
/// Begin with [Steering].
package glia.engine.steer;
