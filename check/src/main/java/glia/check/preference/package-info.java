/// Reference cases of preference losses and process reward models.
///
/// Begin with [PreferenceCases].
package glia.check.preference;
