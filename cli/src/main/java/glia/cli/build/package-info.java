/// What the build runs: it prepares third-party classes and the small model for the ahead-of-time cache.
///
/// Begin with [ClassModernizer].
///
/// Source: JEP 483, https://openjdk.org/jeps/483
package glia.cli.build;
