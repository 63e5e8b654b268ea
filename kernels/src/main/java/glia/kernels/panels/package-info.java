/// Machine code for products with quantized weights, packed as panels of rows.
///
/// Begin with [PanelCode] and [PanelFormat].
package glia.kernels.panels;
