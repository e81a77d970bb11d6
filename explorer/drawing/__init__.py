"""What views are made of: the class of all views, and the plots, pages and stages that several of them draw on."""
