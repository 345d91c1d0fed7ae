WHERE = "in the folder that the .pth file names"
