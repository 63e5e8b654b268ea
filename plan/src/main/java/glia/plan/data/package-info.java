/// Published figures with their sources: hardware, prices, quality.
///
/// Begin with [Devices]; [Tables] reads tables of users.
package glia.plan.data;
