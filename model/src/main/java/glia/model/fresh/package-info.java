/// New models: families with sizes, and specifications written as YAML.
///
/// Begin with [NewModels] and [YamlSpec].
package glia.model.fresh;
