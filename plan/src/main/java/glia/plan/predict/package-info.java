/// Predictions of time from hardware, shapes and fitted effects.
///
/// Begin with [Decode]; [Effects] holds the fitted numbers.
package glia.plan.predict;
