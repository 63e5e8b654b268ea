/// YAML as Java values, with the line of each key.
///
/// Begin with [YamlDocument].
///
/// Source: YAML 1.2, https://yaml.org/spec/1.2.2
package glia.io.yaml;
