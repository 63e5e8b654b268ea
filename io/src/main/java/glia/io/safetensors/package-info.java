/// Safetensors files: read strictly, whole or in shards, and written.
///
/// Begin with [SafetensorsCheckpoint] and [SafetensorsWriter].
///
/// Source: https://huggingface.co/docs/safetensors
package glia.io.safetensors;
