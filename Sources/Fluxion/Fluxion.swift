@_exported import Autodiff
@_exported import Data
@_exported import Models
@_exported import Optimizers
@_exported import Tensors
@_exported import Training
