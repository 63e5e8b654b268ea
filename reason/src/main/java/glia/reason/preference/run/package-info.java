/// Training on preferences: tasks of recipes, reference model, metrics.
///
/// Begin with [PreferenceTask] and [PreferenceObjective].
package glia.reason.preference.run;
